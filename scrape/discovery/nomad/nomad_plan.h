// nomad_sd_configs: the services that Nomad itself registers (Prometheus, <nomad_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/nomad/nomad_sd_config.h"

namespace sluice::scrape {

// One round: the names of all services, then the instances of each. A service is a group by its
// name; one that cannot be read stays as it is, and leaves the others alone.
class NomadPlan final : public HttpPlan {
 public:
  explicit NomadPlan(NomadSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequest Request(const std::string& path) const;
  Result<HttpStep> ReadNames(const HttpAnswer& answer);
  void ReadService(const std::string& name, const HttpAnswer& answer);

  const NomadSdConfig config_;

  // Of this round.
  bool has_names_ = false;
  std::vector<std::string> names_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
