#include "base/internal/credential_source.h"

#include <random>
#include <utility>

#include "base/clock.h"

namespace sluice::internal {
namespace {

constexpr size_t kAnswerBytesMax = 1 << 20;
// Between failed attempts to replace what is still good.
constexpr std::chrono::seconds kRefreshPause{10};

FlowTime Now() {
  std::random_device random;
  const auto word = [&] { return (uint64_t{random()} << 32) | random(); };
  return {.now = std::chrono::steady_clock::now(),
          .wall_ms = SystemClock().WallNowMs(),
          .random = {word(), word()}};
}

}  // namespace

CredentialSource::CredentialSource(std::unique_ptr<CredentialFlow> flow, Start start,
                                   Settled settled)
    : flow_(std::move(flow)), start_(std::move(start)), settled_(std::move(settled)) {}

CredentialSource::CredentialsPtr CredentialSource::Current(
    std::chrono::steady_clock::time_point now) const {
  if (credentials_ == nullptr) return nullptr;
  if (credentials_->good_until.has_value() && now >= *credentials_->good_until) return nullptr;
  return credentials_;
}

void CredentialSource::RefreshIfDue(const ResolvedHttpClient& client,
                                    std::chrono::steady_clock::time_point now) {
  if (fetching_ || !refresh_at_.has_value() || now < *refresh_at_) return;
  Fetch(client);
}

void CredentialSource::Wait(TransferId transfer, const ResolvedHttpClient& client) {
  waiters_.push_back(transfer);
  if (!fetching_) Fetch(client);
}

void CredentialSource::NoteAccepted(const CredentialsPtr& credentials) {
  if (credentials_ == credentials) worked_ = true;
}

bool CredentialSource::NoteRefused(const CredentialsPtr& credentials) {
  // Another transfer saw to it already.
  if (credentials_ != credentials) return true;
  if (!worked_) return false;
  credentials_ = nullptr;
  return true;
}

void CredentialSource::Fetch(const ResolvedHttpClient& client) {
  fetching_ = true;
  Take(flow_->Begin(client, Now()));
}

void CredentialSource::Take(Result<FlowStep> step) {
  if (!step.ok()) return Settle(step.error().WithContext(flow_->failure()));
  if (auto* request = std::get_if<HttpRequest>(&*step)) {
    http_status_ = 0;
    body_.clear();
    start_(std::move(*request), *this);
    return;
  }
  Settle(std::make_shared<const Credentials>(std::move(std::get<Credentials>(*step))));
}

bool CredentialSource::OnHead(const HttpResponseHead& head) {
  http_status_ = head.status;
  return true;
}

bool CredentialSource::OnBody(std::string_view bytes) {
  body_ += bytes;
  return body_.size() <= kAnswerBytesMax;
}

void CredentialSource::OnDone(const HttpOutcome& outcome) {
  const FlowAnswer answer{
      .status = outcome.status, .http_status = http_status_, .body = std::exchange(body_, {})};
  Take(flow_->Next(answer, Now()));
}

void CredentialSource::Settle(Result<CredentialsPtr> credentials) {
  fetching_ = false;
  const FlowTime time = Now();
  if (credentials.ok()) {
    credentials_ = *credentials;
    worked_ = false;
    refresh_at_ = credentials_->refresh_at;
  } else if (Current(time.now) != nullptr) {
    refresh_at_ = time.now + kRefreshPause;
  } else {
    credentials_ = nullptr;
    refresh_at_.reset();
  }
  // May wait for others from within.
  const std::vector<TransferId> waiters = std::exchange(waiters_, {});
  if (!credentials.ok()) {
    Error error = credentials.error();
    error.code = ErrorCode::kRetryable;
    credentials = std::move(error);
  }
  settled_(waiters, credentials);
}

}  // namespace sluice::internal
