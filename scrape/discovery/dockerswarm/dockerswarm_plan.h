// dockerswarm_sd_configs: services, tasks or nodes of a Docker swarm (Prometheus,
// <dockerswarm_sd_config>).
#pragma once

#include <vector>

#include "scrape/discovery/dockerswarm/dockerswarm_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: the list that the role names, and those that its labels come from. Each entry is a
// group by its id.
class DockerSwarmPlan final : public HttpPlan {
 public:
  explicit DockerSwarmPlan(DockerSwarmSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  const DockerSwarmSdConfig config_;
};

}  // namespace sluice::scrape
