// ionos_sd_configs: servers of a data center of IONOS Cloud (Prometheus, <ionos_sd_config>).
#pragma once

#include <cstdint>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/ionos/ionos_sd_config.h"

namespace sluice::scrape {

// One round: the servers with all that belongs to them, page by page. All are one group.
class IonosPlan final : public HttpPlan {
 public:
  explicit IonosPlan(IonosSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequest PageRequest() const;
  // Whether there is another page.
  Result<bool> ReadPage(const HttpAnswer& answer);

  const IonosSdConfig config_;

  // Of this round.
  size_t offset_ = 0;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
