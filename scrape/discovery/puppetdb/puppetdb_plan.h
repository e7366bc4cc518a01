// puppetdb_sd_configs: resources of PuppetDB (Prometheus, <puppetdb_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/puppetdb/puppetdb_sd_config.h"

namespace sluice::scrape {

// One round: one request. All resources are one group.
class PuppetDbPlan final : public HttpPlan {
 public:
  explicit PuppetDbPlan(PuppetDbSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  std::string Url() const;

  const PuppetDbSdConfig config_;
};

}  // namespace sluice::scrape
