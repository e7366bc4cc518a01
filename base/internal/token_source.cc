#include "base/internal/token_source.h"

#include <utility>

namespace sluice::internal {
namespace {

constexpr size_t kAnswerBytesMax = 1 << 20;

}  // namespace

TokenSource::TokenSource(OAuth2Config config, std::shared_ptr<const HttpClient> client, Start start,
                         Settled settled)
    : config_(std::move(config)),
      client_(std::move(client)),
      start_(std::move(start)),
      settled_(std::move(settled)) {}

std::optional<std::string> TokenSource::Token(std::chrono::steady_clock::time_point now) const {
  if (!token_ || (token_->good_until && now >= *token_->good_until)) return std::nullopt;
  return token_->authorization;
}

void TokenSource::Wait(TransferId transfer, const std::string& secret) {
  waiters_.push_back(transfer);
  if (fetching_) return;
  secret_ = secret;
  other_style_tried_ = false;
  Fetch();
}

void TokenSource::NoteAccepted(const std::string& token) {
  if (token_ && token_->authorization == token) token_worked_ = true;
}

bool TokenSource::NoteRefused(const std::string& token) {
  // Another transfer saw to it already.
  if (!token_ || token_->authorization != token) return true;
  if (!token_worked_) return false;
  token_.reset();
  return true;
}

void TokenSource::Fetch() {
  fetching_ = true;
  http_status_ = 0;
  body_.clear();
  HttpRequest request = OAuth2TokenRequest(config_, secret_, style_);
  request.client = client_;
  start_(std::move(request), *this);
}

bool TokenSource::OnHead(const HttpResponseHead& head) {
  http_status_ = head.status;
  return true;
}

bool TokenSource::OnBody(std::string_view bytes) {
  body_ += bytes;
  return body_.size() <= kAnswerBytesMax;
}

void TokenSource::OnDone(const HttpOutcome& outcome) {
  if (!outcome.status.ok()) {
    Settle(Error{ErrorCode::kRetryable, outcome.status.error().message});
    return;
  }
  const bool is_refusal = http_status_ >= 400 && http_status_ < 500;
  if (is_refusal && !style_known_ && !other_style_tried_) {
    other_style_tried_ = true;
    style_ = style_ == OAuth2Style::kHeader ? OAuth2Style::kBody : OAuth2Style::kHeader;
    Fetch();
    return;
  }
  Settle(ParseOAuth2Answer(http_status_, body_, std::chrono::steady_clock::now()));
}

void TokenSource::Settle(const Result<OAuth2Token>& token) {
  fetching_ = false;
  secret_.clear();
  body_.clear();
  token_worked_ = false;
  token_.reset();
  if (token.ok()) {
    token_ = *token;
    style_known_ = true;
  }
  // May wait for another one from within.
  const std::vector<TransferId> waiters = std::exchange(waiters_, {});
  if (token.ok()) {
    settled_(waiters, token->authorization);
  } else {
    settled_(waiters, token.error().WithContext("oauth2: cannot fetch token"));
  }
}

}  // namespace sluice::internal
