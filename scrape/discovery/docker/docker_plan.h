// docker_sd_configs: the containers of a Docker daemon (Prometheus, <docker_sd_config>).
#pragma once

#include <vector>

#include "scrape/discovery/docker/docker_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: the running containers and the networks. Each container is a group by its id: a target
// for each TCP port and network, or one for each network when it exposes none.
class DockerPlan final : public HttpPlan {
 public:
  explicit DockerPlan(DockerSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  const DockerSdConfig config_;
};

}  // namespace sluice::scrape
