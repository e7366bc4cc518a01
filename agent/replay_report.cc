#include "agent/replay_report.h"

#include <algorithm>

namespace sluice::agent {
namespace {

using remotewrite::DestinationStatus;

uint64_t SamplesLeft(const DestinationStatus& destination, uint64_t goal) {
  const buffer::Ledger& ledger = destination.progress.ledger;
  // Fresh samples that pass the backlog say nothing about it.
  if (destination.replaying) return ledger.pending;
  const uint64_t done = ledger.appended - std::min(ledger.pending, ledger.appended);
  return goal - std::min(done, goal);
}

}  // namespace

ReplayReport::ReplayReport(const std::vector<DestinationStatus>& at_start, MonotonicTime now)
    : last_(now), next_(now + kInterval) {
  for (const DestinationStatus& each : at_start) {
    const buffer::Ledger& ledger = each.progress.ledger;
    if (ledger.pending == 0) continue;
    replays_[each.name] = {.goal = ledger.appended, .left = ledger.pending};
  }
}

std::vector<ReplayNews> ReplayReport::Look(const std::vector<DestinationStatus>& destinations,
                                           MonotonicTime now) {
  std::vector<ReplayNews> news;
  const auto seconds = static_cast<uint64_t>(
      std::max<int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(now - last_).count()));
  std::map<std::string, Replay> still;
  for (const DestinationStatus& each : destinations) {
    const auto found = replays_.find(each.name);
    if (found == replays_.end()) continue;
    Replay replay = found->second;
    const uint64_t left = SamplesLeft(each, replay.goal);
    if (left < replay.left) {
      ReplayNews& line = news.emplace_back();
      line.destination = each.name;
      line.samples_left = left;
      line.samples_per_second = (replay.left - left) / seconds;
      if (line.samples_per_second > 0) {
        line.time_left = std::chrono::seconds(left / line.samples_per_second);
      }
    }
    replay.left = left;
    if (left > 0) still.emplace(each.name, replay);
  }
  replays_ = std::move(still);
  last_ = now;
  next_ = now + kInterval;
  return news;
}

}  // namespace sluice::agent
