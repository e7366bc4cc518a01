// What a delivery does where there are tenants, and where series are others'.

#include <algorithm>
#include <iterator>
#include <utility>

#include "remotewrite/delivery.h"

namespace sluice::remotewrite {

namespace {

constexpr size_t kTroublesShown = 20;

}  // namespace

// Series of many tenants in one frame: the frame is decoded once for all of them.
void Delivery::EncodeShared(const std::vector<Job*>& jobs, const DeliveryTime& time) {
  if (jobs.size() == 1) return;
  const Encoding encoding = protocol_.Next(time.now);
  for (Job* job : jobs) {
    const bool is_shared =
        std::any_of(job->groups.begin(), job->groups.end(),
                    [](const FrameGroup& group) { return group.layout->shares.size() > 1; });
    if (!is_shared || WhyNotDelivered(job->tenant)) continue;
    for (Part& part : job->todo) encoder_.Encode(*job, part, encoding);
  }
  encoder_.ForgetFrames();
}

std::optional<PartEnd> Delivery::WhyNotDelivered(TenantId tenant) const {
  if (tenant == kUnfitTenant) return PartEnd::kOfNobody;
  if (tenant == kOtherTenant) return PartEnd::kElsewhere;
  if (branched_.count(tenant) != 0) return PartEnd::kBranched;
  return std::nullopt;
}

// `job` is gone afterwards.
void Delivery::EndUnsent(Job& job, PartEnd end, const DeliveryTime& time) {
  std::deque<Part> parts = std::exchange(job.todo, {});
  parts.insert(parts.end(), std::make_move_iterator(job.deferred.begin()),
               std::make_move_iterator(job.deferred.end()));
  job.deferred.clear();
  for (Part& part : parts) {
    encoder_.Count(job, part, protocol_.Next(time.now));
    End(job, part, end);
  }
  FinishIfDone(job, time.now);
}

std::vector<TenantId> Delivery::WantBranch(MonotonicTime now) const {
  std::vector<TenantId> tenants;
  if (!has_tenants() || options_.is_branch || options_.tenants->count() < 2) return tenants;
  for (const auto& [tenant, health] : tenant_health_) {
    const bool is_limited = health.paused || health.speaks_of_tenant;
    if (!health.is_probing() || !(is_limited || health.others_pass)) continue;
    if (tenant <= kOtherTenant || now - health.failing_since < options_.branch_after) continue;
    const bool is_active = std::any_of(jobs_.begin(), jobs_.end(), [tenant = tenant](const Job& j) {
      return j.active && j.tenant == tenant;
    });
    if (!is_active) tenants.push_back(tenant);
  }
  return tenants;
}

std::string Delivery::TroubleText(TenantId tenant) const {
  const auto found = tenant_health_.find(tenant);
  return found == tenant_health_.end() ? "" : found->second.last_error;
}

void Delivery::LeaveToBranch(TenantId tenant, const DeliveryTime& time) {
  branched_.insert(tenant);
  tenant_health_.erase(tenant);
  for (auto job = jobs_.begin(); job != jobs_.end();) {
    Job& each = *job++;  // it goes away
    if (each.tenant == tenant && !each.witness) EndUnsent(each, PartEnd::kBranched, time);
  }
}

void Delivery::ViewTenants(DeliveryView& view) const {
  view.tenants = options_.tenants->count();
  size_t paused = 0;
  for (const auto& [tenant, health] : tenant_health_) {
    if (!health.is_probing()) continue;
    ++view.tenants_in_trouble;
    paused += health.paused ? 1 : 0;
    if (view.troubles.size() >= kTroublesShown) continue;
    view.troubles.push_back({.tenant = options_.tenants->NameOf(tenant),
                             .paused = health.paused,
                             .last_error = health.last_error});
  }
  // Each of them refuses everything: so does the receiver.
  view.paused = view.paused || (paused > 0 && paused >= view.tenants);
  if (!view.last_error.empty() || view.troubles.empty()) return;
  view.last_error =
      "tenant " + view.troubles.front().tenant + ": " + view.troubles.front().last_error;
}

// Only those in trouble are remembered.
void Delivery::ForgetIfWell(TenantId tenant) {
  const auto found = tenant_health_.find(tenant);
  if (found == tenant_health_.end()) return;
  const Health& health = found->second;
  if (!health.is_probing() && !health.want_witness && health.guard.is_fresh()) {
    tenant_health_.erase(found);
  }
}

}  // namespace sluice::remotewrite
