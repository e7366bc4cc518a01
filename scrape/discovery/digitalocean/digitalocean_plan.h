// digitalocean_sd_configs: droplets or managed databases (Prometheus, <digitalocean_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "scrape/discovery/digitalocean/digitalocean_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: the list, page by page, while there is a link to a next one. Only its number is used:
// no credentials go where an answer points to. All targets are one group.
class DigitalOceanPlan final : public HttpPlan {
 public:
  explicit DigitalOceanPlan(DigitalOceanSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  const char* List() const;
  HttpRequest PageRequest() const;
  // Whether there is another page.
  Result<bool> ReadPage(const HttpAnswer& answer);

  const DigitalOceanSdConfig config_;

  // Of this round.
  int page_ = 1;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
