// Branches of a destination: tenants that hold up others are delivered beside them, until they have
// caught up.

#include <algorithm>
#include <utility>

#include "remotewrite/destination.h"

namespace sluice::remotewrite {

namespace {

// Each has a thread. Those that are in trouble beyond them hold up others.
constexpr size_t kBranchesMax = 64;

// How long joining may hold up everything.
constexpr std::chrono::seconds kJoinWait{2};

constexpr uint64_t kBranchProjectionBytesMax = 16ULL << 20;

bool IsInTrouble(const DestinationStatus& status) {
  return status.state == DestinationState::kPaused || status.state == DestinationState::kRetrying ||
         status.tenants_in_trouble > 0;
}

bool HasPassed(const std::array<buffer::LaneProgress, buffer::kLaneCount>& lanes,
               const std::array<buffer::LaneProgress, buffer::kLaneCount>& leader) {
  for (size_t i = 0; i < lanes.size(); ++i) {
    if (lanes[i].next < leader[i].next) return false;
  }
  return true;
}

// What a branch delivers, as the log is told.
std::string PartOf(const TenantConfig& config, std::string_view tenant) {
  return std::string(tenant) + '\x1f' + std::to_string(config.rules_hash);
}

}  // namespace

// Those of an earlier run. A part that was made by other rules cannot be told from the rest any
// more: its branch delivers everything up to where the destination is, some of it again.
void Destination::ResumeBranches() {
  if (is_branch_) return;
  const DeliveryTime now = Now();
  for (const buffer::DestinationProgress& each : log_.AllProgress()) {
    const auto branch = buffer::ParseBranchName(each.name);
    if (!branch || branch->destination != config_.name) continue;
    const std::string tenant(branch->part.substr(0, branch->part.rfind('\x1f')));
    const bool is_known = config_.tenant.is_on() && branch->part == PartOf(config_.tenant, tenant);
    if (is_known) delivery_.LeaveToBranch(tenants_->IdOf(tenant), now);
    StartBranch(std::string(branch->part), is_known ? tenant : "", now.now);
  }
}

// `tenant` empty: all of them.
void Destination::StartBranch(const std::string& part, const std::string& tenant,
                              MonotonicTime now) {
  DestinationConfig config = config_;
  config.name = buffer::BranchName(config_.name, part);
  config.tenant.only = tenant;
  config.replay = {};
  DestinationsOptions options = options_;
  options.projection_bytes_max = std::min(options.projection_bytes_max, kBranchProjectionBytesMax);
  BranchState& branch = branches_[part];
  branch.destination = nullptr;  // ends the one before
  branch.tenant = tenant;
  branch.destination = std::make_unique<Destination>(std::move(config), options, deps_);
  branch.calm_since = now;
}

void Destination::BeginBranch(TenantId tenant, const DeliveryTime& time) {
  const std::string name = tenants_->NameOf(tenant);
  const std::string part = PartOf(config_.tenant, name);
  if (branches_.size() >= kBranchesMax) return;
  if (const Status branched = log_.Branch(config_.name, part); !branched.ok()) {
    logger_.Warn("tenant not branched off",
                 {{"tenant", name}, {"error", branched.error().message}});
    return;
  }
  const std::string error = delivery_.TroubleText(tenant);
  logger_.Warn("tenant fails while others pass: it is delivered by itself",
               {{"tenant", name}, {"error", error}});
  delivery_.LeaveToBranch(tenant, time);
  StartBranch(part, name, time.now);
  branches_[part].last_error = error;
}

void Destination::TendBranches(const DeliveryTime& time) {
  if (is_branch_) return;
  // Not before what is done with is durable: a branch begins with what is not.
  if (delivery_.AllAcknowledged()) {
    for (const TenantId tenant : delivery_.WantBranch(time.now)) BeginBranch(tenant, time);
  }
  for (auto& [part, branch] : branches_) {
    if (IsInTrouble(branch.destination->LatestStatus())) branch.calm_since = time.now;
  }
  if (joining_) return JoinBranch(*joining_, time);
  for (const auto& [part, branch] : branches_) {
    if (time.now - branch.calm_since < options_.branch_timing.calm || !HasCaughtUp(part)) continue;
    joining_ = part;
    join_by_ = time.now + kJoinWait;
    delivery_.Hold(true);
    return;
  }
}

// In every lane the branch is where the destination is.
bool Destination::HasCaughtUp(const std::string& part) const {
  const auto leader = log_.Progress(config_.name);
  const auto branch = log_.Progress(buffer::BranchName(config_.name, part));
  if (!leader || !branch) return false;
  if (leader->backlog_end != 0 || branch->backlog_end != 0) return false;
  return HasPassed(branch->lanes, leader->lanes);
}

// The destination stands still until the branch stands at the same place.
void Destination::JoinBranch(const std::string& part, const DeliveryTime& time) {
  BranchState& branch = branches_.at(part);
  if (time.now >= join_by_) {
    branch.calm_since = time.now;
    return EndJoining();
  }
  if (!delivery_.IsAtRest() || !HasCaughtUp(part)) return;
  branch.destination->RequestStop(std::chrono::milliseconds(0));
  branch.destination->Join();
  const std::string tenant = branch.tenant;
  const Status joined = HasCaughtUp(part) ? log_.Join(config_.name, part)
                                          : Error{ErrorCode::kCancelled, "not caught up"};
  if (joined.ok()) {
    logger_.Info("tenant passes again, together with the others", {{"tenant", tenant}});
    if (!tenant.empty()) delivery_.TakeBack(tenants_->IdOf(tenant));
    branches_.erase(part);
  } else {
    logger_.Warn("branch not joined", {{"tenant", tenant}, {"error", joined.error().message}});
    StartBranch(std::string(part), tenant, time.now);
  }
  EndJoining();
}

void Destination::EndJoining() {
  joining_.reset();
  delivery_.Hold(false);
}

void Destination::AddBranches(DeliveryView& view) const {
  for (const auto& [part, branch] : branches_) {
    const DestinationStatus status = branch.destination->LatestStatus();
    ++view.tenants_in_trouble;
    view.troubles.push_back(
        {.tenant = branch.tenant,
         .paused = status.state == DestinationState::kPaused,
         .branched = true,
         .last_error = status.last_error.empty() ? branch.last_error : status.last_error});
  }
}

}  // namespace sluice::remotewrite
