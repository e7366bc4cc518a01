// kuma_sd_configs: monitoring assignments of Kuma, by xDS over HTTP (Prometheus,
// <kuma_sd_config>; Envoy's xDS protocol, REST-JSON polling).
#pragma once

#include <string>
#include <vector>

#include "scrape/discovery/http_plan.h"
#include "scrape/discovery/kuma/kuma_sd_config.h"

namespace sluice::scrape {

// One round: one question for what is newer than the last version, which the server holds back
// while nothing is. All targets are one group.
class KumaPlan final : public HttpPlan {
 public:
  explicit KumaPlan(KumaSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  std::string Question() const;

  const KumaSdConfig config_;

  // Of the last answer that was good.
  std::string version_;
  std::string nonce_;
  TargetGroups groups_;
};

}  // namespace sluice::scrape
