// hetzner_sd_configs: servers of Hetzner Cloud and Hetzner Robot (Prometheus, <hetzner_sd_config>).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "scrape/discovery/hetzner/hetzner_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round of the role robot: one request. Of the role hcloud: the networks, page by page, then
// the servers. All servers are one group.
class HetznerPlan final : public HttpPlan {
 public:
  explicit HetznerPlan(HetznerSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequest Request(const std::string& url) const;
  HttpRequest PageRequest(int64_t page) const;
  Status ReadRobot(const HttpAnswer& answer);
  Result<int64_t> ReadPage(const HttpAnswer& answer);
  void ReadNetworks(JsonDocument& json);
  void ReadServers(JsonDocument& json);

  const HetznerSdConfig config_;

  // Of this round.
  bool has_networks_ = false;
  int64_t page_ = 1;
  std::map<int64_t, std::string> networks_;  // names by id
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
