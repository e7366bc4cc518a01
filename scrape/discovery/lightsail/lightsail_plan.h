// lightsail_sd_configs: instances of Amazon Lightsail (Prometheus, <lightsail_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/ec2/aws_region.h"
#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/lightsail/lightsail_sd_config.h"

namespace sluice::scrape {

// One round: the region while it is not known, then the instances, page by page. All are one group.
class LightsailPlan final : public HttpPlan {
 public:
  explicit LightsailPlan(LightsailSdConfig config, Environment environment = ReadAwsEnvironment());

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequests FirstPage();
  HttpRequest PageRequest() const;
  // The token of the next page; empty if this was the last one.
  Result<std::string> ReadPage(const HttpAnswer& answer);

  const LightsailSdConfig config_;

  // Of all rounds.
  AwsRegion region_;

  // Of this round.
  bool has_region_ = false;
  std::string page_token_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
