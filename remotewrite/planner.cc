#include "remotewrite/planner.h"

#include <algorithm>

namespace sluice::remotewrite {

namespace {

// A frame that is older than the deadline by this much, which is more than a slow scrape takes,
// belongs to a backlog.
constexpr std::chrono::milliseconds kLateBy{15'000};

const QueuedFrame* OldestOf(const Lanes& lanes, uint32_t shard, uint32_t shards) {
  const QueuedFrame* oldest = nullptr;
  for (uint32_t lane = shard; lane < buffer::kLaneCount; lane += shards) {
    const QueuedFrame* front = lanes.Front(lane);
    if (front == nullptr) continue;
    if (oldest == nullptr || front->sequence < oldest->sequence) oldest = front;
  }
  return oldest;
}

bool IsLate(const QueuedFrame& frame, const PlanLimits& limits, const PlanTime& time) {
  return time.wall_ms - frame.timestamp_ms >= (limits.deadline + kLateBy).count();
}

bool IsReady(const Lanes& lanes, const PlanLimits& limits, const PlanTime& time, uint32_t shard,
             uint32_t shards) {
  const QueuedFrame* oldest = OldestOf(lanes, shard, shards);
  if (oldest == nullptr) return false;
  if (time.hurry || time.now - oldest->read_at >= limits.deadline) return true;
  if (IsLate(*oldest, limits, time)) return true;
  uint64_t samples = 0;
  for (uint32_t lane = shard; lane < buffer::kLaneCount; lane += shards) {
    samples += lanes.ready_samples(lane);
  }
  return samples >= std::min(limits.samples_enough, limits.samples_max);
}

// Of one request.
uint64_t SamplesMax(const Lanes& lanes, const PlanLimits& limits, const PlanTime& time) {
  const QueuedFrame* oldest = OldestOf(lanes, 0, 1);
  const bool is_late = oldest != nullptr && IsLate(*oldest, limits, time);
  return is_late ? std::min(limits.samples_enough, limits.samples_max) : limits.samples_max;
}

// As many as have a whole request among them; more would each keep a part of one back.
uint32_t ShardsOf(const Lanes& lanes, const PlanLimits& limits, uint64_t samples_max) {
  const uint64_t requests = lanes.ready_samples() / std::max<uint64_t>(samples_max, 1);
  return static_cast<uint32_t>(std::clamp<uint64_t>(requests, 1, limits.shards));
}

}  // namespace

Plan TakeRequest(Lanes& lanes, const PlanLimits& limits, const PlanTime& time,
                 uint32_t first_shard) {
  const uint64_t samples_max = SamplesMax(lanes, limits, time);
  const uint32_t shards = ShardsOf(lanes, limits, samples_max);
  Plan plan;
  for (uint32_t i = 0; i < shards; ++i) {
    const uint32_t shard = (first_shard + i) % shards;
    if (!IsReady(lanes, limits, time, shard, shards)) continue;
    uint64_t samples = 0;
    while (const QueuedFrame* next = OldestOf(lanes, shard, shards)) {
      if (!plan.frames.empty() && samples + next->sample_count > samples_max) {
        plan.full = true;
        break;
      }
      samples += next->sample_count;
      plan.frames.push_back(lanes.Take(next->lane));
    }
    plan.full = plan.full || samples >= samples_max;
    for (const QueuedFrame& frame : plan.frames) lanes.Reserve(frame.lane);
    break;
  }
  return plan;
}

}  // namespace sluice::remotewrite
