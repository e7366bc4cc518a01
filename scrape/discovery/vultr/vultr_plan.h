// vultr_sd_configs: instances of Vultr (Prometheus, <vultr_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/vultr/vultr_sd_config.h"

namespace sluice::scrape {

// One round: the instances, page by page. All are one group.
class VultrPlan final : public HttpPlan {
 public:
  explicit VultrPlan(VultrSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequest PageRequest() const;
  // The cursor of the next page; empty if this was the last one.
  Result<std::string> ReadPage(const HttpAnswer& answer);

  const VultrSdConfig config_;

  // Of this round.
  std::string cursor_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
