// Tenants: whose data a series is, taken from one of its labels.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "buffer/chunk.h"

namespace sluice::remotewrite {

// In the configuration file.
struct TenantConfig {
  std::string label{};  // after write_relabel_configs; empty = the destination knows no tenants
  bool keep_label = false;
  // Where a request says whose it is. Empty: in the URL, at kTenantPlace.
  std::string header = "X-Scope-OrgID";
  // The tenant of series without the label. Empty: their requests have no header; where the URL
  // names the tenant they are not sent.
  std::string fallback{};
  // Of a branch: the series of all others are kOtherTenant's.
  std::string only{};
  // Of everything that decides whose a series is. Only as long as it stays, a branch knows its own.
  uint64_t rules_hash = 0;

  bool is_on() const { return !label.empty(); }
};

// Stands for the tenant in a URL.
inline constexpr std::string_view kTenantPlace = "{tenant}";

// The URL of a tenant: its name, percent-encoded as far as a path needs it, at each kTenantPlace.
// Colons stay, as VictoriaMetrics has them between account and project.
std::string TenantUrl(std::string_view url, std::string_view tenant);

// Of one destination, until its process ends.
using TenantId = uint32_t;

// Series of no tenant, which are sent all the same, and what is not sent: it has no tenant though
// it needs one, or its tenant cannot be written into a header.
inline constexpr TenantId kNoTenant = 0;
inline constexpr TenantId kUnfitTenant = 1;
// Of a branch or a shard: those whose series it has nothing to do with.
inline constexpr TenantId kOtherTenant = 2;

// The tenants that a destination has seen. Bound to one thread.
class Tenants {
 public:
  // More than a hundred thousand are a mistake in the rules: the rest is unfit.
  static constexpr size_t kTenantsMax = 100'000;
  static constexpr size_t kNameMax = 1'024;

  explicit Tenants(TenantConfig config);

  // Whose series it is; takes the label out unless it is to stay. `labels` sorted by name.
  TenantId Take(std::vector<buffer::LabelView>& labels);

  TenantId IdOf(std::string_view name);

  // "" for kNoTenant.
  const std::string& NameOf(TenantId id) const { return names_[id]; }

  // Without those that are none.
  size_t count() const { return names_.size() - kReserved; }

 private:
  static constexpr size_t kReserved = 3;

  const TenantConfig config_;
  std::deque<std::string> names_;  // by id; a deque so that the keys of ids_ stay where they are
  std::unordered_map<std::string_view, TenantId> ids_;
};

}  // namespace sluice::remotewrite
