// gce_sd_configs: instances of Google Compute Engine (Prometheus, <gce_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/gce/gce_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: the instances of a zone, page by page. All are one group.
class GcePlan final : public HttpPlan {
 public:
  explicit GcePlan(GceSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequest PageRequest() const;
  // The token of the next page; empty if this was the last one.
  Result<std::string> ReadPage(const HttpAnswer& answer);

  const GceSdConfig config_;

  // Of this round.
  std::string page_token_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
