// Which region a discovery of AWS asks: that of its settings, or the one that AWS's own tools would
// find (base/aws_credentials.h). Pure. Bound to one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/aws_credentials.h"
#include "base/http_loop.h"
#include "base/result.h"
#include "scrape/discovery/http_plan.h"

namespace sluice::scrape {

class AwsRegion {
 public:
  AwsRegion(AwsConfig config, Environment environment);

  // What to ask for it; nothing once it is known, which it stays.
  Result<std::optional<HttpRequest>> Begin();
  Result<std::optional<HttpRequest>> Next(const HttpAnswer& answer);

  const std::string& name() const { return name_; }

 private:
  Result<std::optional<HttpRequest>> Take(Result<AwsCredentialSearch::Step> step);

  std::string name_;
  AwsCredentialSearch search_;
};

// `endpoint` as a URL without a slash at its end; that of the service if there is none.
std::string AwsEndpoint(const std::string& endpoint, const std::string& service,
                        const std::string& region);

}  // namespace sluice::scrape
