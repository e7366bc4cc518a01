// marathon_sd_configs: tasks of Marathon (Prometheus, <marathon_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/marathon/marathon_sd_config.h"

namespace sluice::scrape {

// One round: one request, to one server after the other. Each application is a group.
class MarathonPlan final : public HttpPlan {
 public:
  explicit MarathonPlan(MarathonSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  // Read again each time; empty if none is configured.
  Result<std::string> AuthToken() const;

  const MarathonSdConfig config_;
  size_t rounds_ = 0;
};

}  // namespace sluice::scrape
