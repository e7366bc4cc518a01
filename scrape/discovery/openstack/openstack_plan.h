// openstack_sd_configs: instances, hypervisors or load balancers of OpenStack (Prometheus,
// <openstack_sd_config>).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/openstack/keystone.h"
#include "scrape/discovery/openstack/openstack_inventory.h"
#include "scrape/discovery/openstack/openstack_sd_config.h"

namespace sluice::scrape {

// One round: a token, then one list after the other, page by page. A token that is refused on the
// way fails the round; the next one begins with a new token. Of a link to a next page only its
// query is used: no token goes where an answer points to. All targets are one group.
class OpenStackPlan final : public HttpPlan {
 public:
  explicit OpenStackPlan(OpenStackSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  enum class Kind { kPorts, kFloatingIps, kServers, kHypervisors, kListeners, kLoadBalancers };

  struct List {
    Kind kind;
    std::string_view service;
    std::string_view path;
    std::string_view name;  // in the answer
  };

  static std::span<const List> ListsOf(OpenStackRole role);

  const List& list() const { return lists_[current_]; }

  Result<HttpStep> Ask(const std::string& query);
  // The query of the next page; empty if this was the last one.
  Result<std::string> ReadPage(const HttpAnswer& answer);
  void ReadList(JsonDocument& json);
  void AddTargets(std::vector<relabel::Labels> targets);

  const OpenStackSdConfig config_;
  const std::span<const List> lists_;

  // Of this round.
  std::optional<OpenStackSession> session_;
  size_t current_ = 0;
  std::string query_;  // of the page that was asked for
  OpenStackInventory inventory_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
