#include "base/internal/aws_flow.h"

#include <algorithm>
#include <utility>

namespace sluice::internal {
namespace {

using std::chrono::milliseconds;

// New ones are there some minutes before the old ones end.
constexpr milliseconds kRefreshMargin = std::chrono::minutes(5);
constexpr milliseconds kUseMargin = std::chrono::seconds(10);

}  // namespace

AwsFlow::AwsFlow(AwsConfig config, Environment environment)
    : service_(config.service), search_(std::move(config), std::move(environment)) {}

Result<FlowStep> AwsFlow::Begin(const ResolvedHttpClient& /*client*/, const FlowTime& time) {
  return Take(search_.Begin(time.wall_ms), time);
}

Result<FlowStep> AwsFlow::Next(const FlowAnswer& answer, const FlowTime& time) {
  return Take(search_.Next({answer.status, answer.http_status, answer.body}), time);
}

Result<FlowStep> AwsFlow::Take(Result<AwsCredentialSearch::Step> step, const FlowTime& time) const {
  if (!step.ok()) return step.error();
  if (auto* request = std::get_if<HttpRequest>(&*step)) return FlowStep(std::move(*request));
  const auto& found = std::get<AwsCredentials>(*step);
  Credentials credentials;
  credentials.aws_signature = std::make_shared<const AwsSignature>(found.For(service_));
  if (found.expires_ms.has_value()) {
    const milliseconds left(*found.expires_ms - time.wall_ms);
    credentials.refresh_at = time.now + left - std::min(kRefreshMargin, left / 4);
    credentials.good_until = time.now + left - kUseMargin;
  }
  return FlowStep(std::move(credentials));
}

}  // namespace sluice::internal
