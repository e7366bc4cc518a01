// The credentials of one HttpClient in one HttpLoop, and the transfers that wait for them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "base/http_loop.h"
#include "base/internal/credential_flow.h"

namespace sluice::internal {

// Bound to the thread of its loop.
class CredentialSource final : private HttpHandler {
 public:
  using TransferId = HttpLoop::TransferId;
  using CredentialsPtr = std::shared_ptr<const Credentials>;
  using Start = std::function<void(HttpRequest, HttpHandler&)>;
  // What a conversation gave, for all that waited for it.
  using Settled = std::function<void(const std::vector<TransferId>& waiters,
                                     const Result<CredentialsPtr>& credentials)>;

  CredentialSource(std::unique_ptr<CredentialFlow> flow, Start start, Settled settled);

  // Those that are good now, or null.
  CredentialsPtr Current(std::chrono::steady_clock::time_point now) const;

  // Asks for new ones while the old ones are still good, when it is time to.
  void RefreshIfDue(const ResolvedHttpClient& client, std::chrono::steady_clock::time_point now);

  // Asks for credentials, unless that is under way; Settled follows, maybe from within.
  void Wait(TransferId transfer, const ResolvedHttpClient& client);

  const std::vector<TransferId>& waiters() const { return waiters_; }

  bool fetching() const { return fetching_; }

  void StopWaiting(TransferId transfer) { std::erase(waiters_, transfer); }

  // The resource took them, or refused them. True when new ones may help: those that never worked
  // would be followed by others that do not.
  void NoteAccepted(const CredentialsPtr& credentials);
  bool NoteRefused(const CredentialsPtr& credentials);

 private:
  bool OnHead(const HttpResponseHead& head) override;
  bool OnBody(std::string_view bytes) override;
  void OnDone(const HttpOutcome& outcome) override;

  void Fetch(const ResolvedHttpClient& client);
  void Take(Result<FlowStep> step);
  void Settle(Result<CredentialsPtr> credentials);

  // Set once.
  const std::unique_ptr<CredentialFlow> flow_;
  const Start start_;
  const Settled settled_;

  CredentialsPtr credentials_;
  bool worked_ = false;
  std::optional<std::chrono::steady_clock::time_point> refresh_at_;
  std::vector<TransferId> waiters_;

  // The conversation under way.
  bool fetching_ = false;
  int http_status_ = 0;
  std::string body_;
};

}  // namespace sluice::internal
