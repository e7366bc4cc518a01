// ec2_sd_configs: instances of Amazon EC2 (Prometheus, <ec2_sd_config>).
#pragma once

#include <string>
#include <vector>

#include "base/xml.h"
#include "scrape/discovery/ec2/aws_region.h"
#include "scrape/discovery/ec2/ec2_instances.h"
#include "scrape/discovery/ec2/ec2_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One round: the region while it is not known, then the instances, page by page; with the first
// page the availability zones, as long as they are not known: without them, which may need a right
// that nobody gave, instances only lack a label. All are one group.
class Ec2Plan final : public HttpPlan {
 public:
  explicit Ec2Plan(Ec2SdConfig config, Environment environment = ReadAwsEnvironment());

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  HttpRequests FirstPage();
  HttpRequest Ask(const std::string& form) const;
  std::string InstancesForm() const;
  void ReadZones(const HttpAnswer& answer);
  // The token of the next page; empty if this was the last one.
  Result<std::string> ReadPage(const HttpAnswer& answer);
  void ReadReservation(const XmlElement& reservation);

  const Ec2SdConfig config_;

  // Of all rounds.
  AwsRegion region_;
  Ec2Context context_;

  // Of this round.
  bool has_region_ = false;
  std::string page_token_;
  Refreshed refreshed_;
};

}  // namespace sluice::scrape
