// triton_sd_configs: containers or compute nodes of Triton (Prometheus, <triton_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/triton/triton_sd_config.h"

namespace sluice::scrape {

// One round: one request. All targets are one group.
class TritonPlan final : public HttpPlan {
 public:
  explicit TritonPlan(TritonSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  std::string Url() const;

  const TritonSdConfig config_;
};

}  // namespace sluice::scrape
