// eureka_sd_configs: the instances of the applications of a Eureka server (Prometheus,
// <eureka_sd_config>).
#pragma once

#include <vector>

#include "scrape/discovery/eureka/eureka_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: one request, answered in XML. All instances are one group.
class EurekaPlan final : public HttpPlan {
 public:
  explicit EurekaPlan(EurekaSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  const EurekaSdConfig config_;
};

}  // namespace sluice::scrape
