#include "simulation.h"

#include <algorithm>

#include <catch2/catch.hpp>

namespace sluice::remotewrite::test {

using std::chrono::milliseconds;

Reply Ok() { return {}; }

Reply Fails(int http_status) {
  Reply reply;
  reply.answer.http_status = http_status;
  reply.answer.words = "no";
  reply.stores = false;
  return reply;
}

Simulation::Simulation(uint64_t seed, QueueConfig queue, relabel::Labels external,
                       relabel::Program write_relabel, SendOptions send, ReplayConfig replay,
                       ProtocolConfig protocol)
    : queue_(queue),
      external_(std::move(external)),
      write_relabel_(std::move(write_relabel)),
      send_(send),
      replay_(replay),
      protocol_(protocol),
      seed_(seed) {
  receiver.any_order = replay.order == ReplayOrder::kLiveFirst;
  Restart();
}

void Simulation::Restart() {
  flights_.clear();
  delivery_ = nullptr;
  cache_.reset();
  tenants_.reset();
  if (tenant.is_on()) tenants_.emplace(tenant);
  Tenants* tenants = tenants_ ? &*tenants_ : nullptr;
  const bool has_symbols = protocol_.message == Message::kV2;
  cache_.emplace(
      log,
      ProjectionRules{.external_labels = external_,
                      .write_relabel = write_relabel_,
                      .symbols = has_symbols ? std::make_shared<proto::SymbolPool>() : nullptr,
                      .tenants = tenants},
      1 << 20);
  const DeliveryOptions options{.name = "test",
                                .queue = queue_,
                                .send = send_,
                                .replay = replay_,
                                .rate_limit = rate_limit,
                                .thinning = thinning,
                                .protocol = protocol_,
                                .external_labels = external_,
                                .tenants = tenants,
                                .seed = ++seed_};
  delivery_ = std::make_unique<Delivery>(options, log, *cache_);
}

void Simulation::Run(milliseconds duration) {
  const MonotonicTime end = time_.now + duration;
  while (time_.now < end) Step();
}

bool Simulation::Drain(milliseconds most) {
  const MonotonicTime end = time_.now + most;
  delivery_->Hurry();
  while (time_.now < end) {
    Step();
    if (delivery_->IsDrained()) return true;
  }
  return false;
}

void Simulation::Step() {
  delivery_->Tick(time_);
  while (const std::optional<Transfer> transfer = delivery_->NextTransfer(time_)) Begin(*transfer);
  if (!delivery_->Acknowledge(time_).ok()) { /* tried again later */
  }
  milliseconds step = std::max(delivery_->IdleFor(time_.now), milliseconds(1));
  if (!flights_.empty()) {
    const auto until = std::chrono::ceil<milliseconds>(flights_.begin()->first - time_.now);
    step = std::clamp(until, milliseconds(0), step);
  }
  if (step > Delivery::kPollInterval) FAIL("slept for too long");
  time_.now += step;
  time_.wall_ms += step.count();
  Land();
  if (!delivery_->Acknowledge(time_).ok()) { /* tried again later */
  }
}

void Simulation::Begin(const Transfer& transfer) {
  ++requests_;
  Flight flight;
  flight.job = transfer.job;
  flight.body = *transfer.body;
  for (const std::string& lane : LabelValues(flight.body, "lane")) {
    flight.lanes.insert(transfer.tenant + "/" + lane);
  }
  for (const auto& other : flights_) {
    for (const std::string& lane : flight.lanes) {
      if (other.second.lanes.count(lane) != 0 && !receiver.any_order)
        FAIL_CHECK("lane " << lane << " is in flight twice");
    }
  }
  uint64_t samples = 0;
  for (const ReceivedSeries& series : DecodeRequest(flight.body)) samples += series.samples.size();
  CHECK(samples == transfer.samples);
  flight.reply = tenant_script ? tenant_script(transfer.tenant, flight.body) : script(flight.body);
  flights_.emplace(time_.now + flight.reply.after, std::move(flight));
  most_in_flight_ = std::max(most_in_flight_, flights_.size());
}

void Simulation::Land() {
  while (!flights_.empty() && flights_.begin()->first <= time_.now) {
    const Flight flight = std::move(flights_.begin()->second);
    flights_.erase(flights_.begin());
    if (flight.reply.stores) receiver.Store(flight.body);
    delivery_->OnAnswer(flight.job, flight.reply.answer, time_);
  }
}

}  // namespace sluice::remotewrite::test
