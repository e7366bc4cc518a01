// http_sd_configs: target groups that a server lists in JSON (Prometheus, <http_sd_config>).
#pragma once

#include <string_view>
#include <vector>

#include "scrape/discovery/http/http_sd_config.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

// One request. The answer must be 200 with the type application/json, whose character set can only
// be UTF-8: a list of {targets, labels}. Each group gets __meta_url and the source "url:index". A
// group with a mistake is left out; Prometheus refuses the whole answer.
class HttpSdPlan final : public HttpPlan {
 public:
  explicit HttpSdPlan(HttpSdConfig config);

  Result<HttpRequests> Begin() override;
  Result<HttpStep> Next(const std::vector<HttpAnswer>& answers) override;

 private:
  const HttpSdConfig config_;
};

// Whether that is the content type of JSON, as Prometheus sees it.
bool IsJsonContentType(std::string_view type);

}  // namespace sluice::scrape
