#include "scrape/discovery/ec2/aws_region.h"

#include <utility>
#include <variant>

namespace sluice::scrape {

AwsRegion::AwsRegion(AwsConfig config, Environment environment)
    : name_(config.region),
      search_(std::move(config), std::move(environment), AwsCredentialSearch::Goal::kRegion) {}

Result<std::optional<HttpRequest>> AwsRegion::Begin() {
  if (!name_.empty()) return std::optional<HttpRequest>();
  // No keys are looked for, so nothing expires.
  return Take(search_.Begin(/*now_ms=*/0));
}

Result<std::optional<HttpRequest>> AwsRegion::Next(const HttpAnswer& answer) {
  return Take(search_.Next({answer.status, answer.head.status, answer.body}));
}

Result<std::optional<HttpRequest>> AwsRegion::Take(Result<AwsCredentialSearch::Step> step) {
  if (!step.ok()) return step.error().WithContext("cannot find the region");
  if (auto* request = std::get_if<HttpRequest>(&*step)) {
    return std::optional<HttpRequest>(std::move(*request));
  }
  name_ = std::get<AwsCredentials>(*step).region;
  if (name_.empty()) return Error{ErrorCode::kRetryable, "cannot find the region"};
  return std::optional<HttpRequest>();
}

std::string AwsEndpoint(const std::string& endpoint, const std::string& service,
                        const std::string& region) {
  std::string url = endpoint.empty() ? AwsServiceUrl(service, region) : endpoint;
  if (url.find("://") == std::string::npos) url.insert(0, "https://");
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace sluice::scrape
