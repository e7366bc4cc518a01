// linode_sd_configs: instances of Linode (Prometheus, <linode_sd_config>).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/linode/linode_sd_config.h"

namespace sluice::scrape {

// What is known of an address beside the address itself.
struct LinodeAddress {
  bool is_public = false;
  std::string rdns;
};

// By address; and the ranges that are routed to an address.
struct LinodeNetwork {
  std::map<std::string, LinodeAddress, std::less<>> addresses;
  std::multimap<std::string, std::string, std::less<>> ranges;
};

// One round: addresses, ranges, then instances, each page by page. All instances are one group.
class LinodePlan final : public HttpPlan {
 public:
  explicit LinodePlan(LinodeSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequest PageRequest() const;
  // Whether there is another page of the list.
  Result<bool> ReadPage(const HttpAnswer& answer);
  void ReadEntriesOf(JsonDocument& json);

  const LinodeSdConfig config_;

  // Of this round.
  size_t list_ = 0;
  int64_t page_ = 1;
  LinodeNetwork network_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
