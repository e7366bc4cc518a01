#include "base/internal/oauth2_flow.h"

#include <utility>

namespace sluice::internal {

OAuth2Flow::OAuth2Flow(OAuth2Config config, std::shared_ptr<const HttpClient> client)
    : config_(std::move(config)), client_(std::move(client)) {}

FlowStep OAuth2Flow::Ask() const {
  HttpRequest request = OAuth2TokenRequest(config_, secret_, style_);
  request.client = client_;
  return request;
}

Result<FlowStep> OAuth2Flow::Begin(const ResolvedHttpClient& client, const FlowTime& /*time*/) {
  secret_ = client.oauth2_secret;
  other_style_tried_ = false;
  return Ask();
}

Result<FlowStep> OAuth2Flow::Next(const FlowAnswer& answer, const FlowTime& time) {
  if (!answer.status.ok()) return answer.status.error();
  const bool is_refusal = answer.http_status >= 400 && answer.http_status < 500;
  if (is_refusal && !style_known_ && !other_style_tried_) {
    other_style_tried_ = true;
    style_ = style_ == OAuth2Style::kHeader ? OAuth2Style::kBody : OAuth2Style::kHeader;
    return Ask();
  }
  secret_.clear();
  Result<Credentials> token = ParseOAuth2Answer(answer.http_status, answer.body, time.now);
  if (!token.ok()) return token.error();
  style_known_ = true;
  return FlowStep(*std::move(token));
}

}  // namespace sluice::internal
