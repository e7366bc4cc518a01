#include "agent/api/delivery_api.h"

#include <utility>

#include "agent/api/answer.h"
#include "agent/api/json_tree.h"

namespace sluice::agent {
namespace {

std::string_view StateName(remotewrite::DestinationState state) {
  switch (state) {
    case remotewrite::DestinationState::kIdle:
      return "idle";
    case remotewrite::DestinationState::kSending:
      return "sending";
    case remotewrite::DestinationState::kRetrying:
      return "retrying";
    case remotewrite::DestinationState::kPaused:
      return "paused";
  }
  return "unknown";
}

Json LostJson(const std::vector<buffer::LostRange>& lost) {
  Json list = Json::array();
  for (const buffer::LostRange& range : lost) {
    list.push_back(Json{{"reason", buffer::DropReasonName(range.reason)},
                        {"from", FormatTime(range.from_ms)},
                        {"to", FormatTime(range.to_ms)},
                        {"samples", range.samples}});
  }
  return list;
}

Json LedgerJson(const buffer::DestinationProgress& progress) {
  Json dropped = Json::object();
  for (size_t i = 0; i < buffer::kDropReasonCount; ++i) {
    const auto reason = static_cast<buffer::DropReason>(i);
    dropped[std::string(buffer::DropReasonName(reason))] = progress.ledger.dropped.at(i);
  }
  return Json{
      {"appended", progress.ledger.appended},
      {"acknowledged", progress.ledger.acknowledged},
      {"pending", progress.ledger.pending},
      {"dropped", std::move(dropped)},
  };
}

std::string_view WhenFullName(buffer::WhenFull when_full) {
  switch (when_full) {
    case buffer::WhenFull::kDropOldest:
      return "drop_oldest";
    case buffer::WhenFull::kThinOut:
      return "thin_out";
    case buffer::WhenFull::kStopAccepting:
      return "stop_accepting";
  }
  return "unknown";
}

Json DiskJson(const remotewrite::DestinationStatus& destination) {
  const uint64_t bytes_max = destination.disk.bytes_max;
  return Json{{"bytes", destination.progress.kept_bytes},
              {"maxBytes", bytes_max == 0 ? Json() : Json(bytes_max)},
              {"whenFull", WhenFullName(destination.disk.when_full)},
              {"accepting", destination.progress.full_at == 0}};
}

Json TroublesJson(const std::vector<remotewrite::TenantTrouble>& troubles) {
  Json list = Json::array();
  for (const remotewrite::TenantTrouble& each : troubles) {
    list.push_back(Json{{"tenant", each.tenant},
                        {"state", each.paused ? "paused" : "retrying"},
                        {"branched", each.branched},
                        {"lastError", each.last_error}});
  }
  return list;
}

}  // namespace

std::string DestinationsJson(const std::vector<remotewrite::DestinationStatus>& destinations) {
  Json list = Json::array();
  for (const remotewrite::DestinationStatus& destination : destinations) {
    list.push_back(Json{
        {"name", destination.name},
        {"url", destination.url},
        {"state", StateName(destination.state)},
        {"lastError", destination.last_error},
        {"tenants", destination.tenants},
        {"tenantsInTrouble", destination.tenants_in_trouble},
        {"troubles", TroublesJson(destination.troubles)},
        {"protocol", destination.protocol},
        {"protocolFallback", destination.protocol_fallback},
        {"shards", destination.shards},
        {"leaving", destination.leaving},
        {"replaying", destination.replaying},
        {"catchUpSeconds", destination.catch_up ? Json(destination.catch_up->count()) : Json()},
        {"requestsInFlight", destination.requests_in_flight},
        {"samplesInFlight", destination.samples_in_flight},
        {"highestSentTimestamp", FormatTime(destination.highest_sent_ms)},
        {"pendingBytes", destination.progress.pending_bytes},
        {"disk", DiskJson(destination)},
        {"pendingSeconds", destination.pending_seconds},
        {"quarantined", destination.quarantined_samples},
        {"ledger", LedgerJson(destination.progress)},
        {"lost", LostJson(destination.progress.lost)},
    });
  }
  return Dump(Json{{"destinations", std::move(list)}});
}

}  // namespace sluice::agent
