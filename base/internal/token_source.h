// The OAuth2 token of one HttpClient in one HttpLoop, and the transfers that wait for it.
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
#include "base/internal/oauth2_token.h"

namespace sluice::internal {

// Bound to the thread of its loop.
class TokenSource final : private HttpHandler {
 public:
  using TransferId = HttpLoop::TransferId;
  using Start = std::function<void(HttpRequest, HttpHandler&)>;
  // What a fetch gave, for all that waited for it.
  using Settled =
      std::function<void(const std::vector<TransferId>& waiters, const Result<std::string>& token)>;

  // `config` is the OAuth2 part of the settings that `client` is the token_client() of.
  TokenSource(OAuth2Config config, std::shared_ptr<const HttpClient> client, Start start,
              Settled settled);

  // The value of the Authorization header, if there is a token that is good now.
  std::optional<std::string> Token(std::chrono::steady_clock::time_point now) const;

  // Asks for a token with this client secret, unless that is under way; Settled follows.
  void Wait(TransferId transfer, const std::string& secret);

  const std::vector<TransferId>& waiters() const { return waiters_; }

  bool fetching() const { return fetching_; }

  void StopWaiting(TransferId transfer) { std::erase(waiters_, transfer); }

  // The resource took the token, or answered 401 to it. True when a new token may help: a token
  // that never worked would be followed by another such.
  void NoteAccepted(const std::string& token);
  bool NoteRefused(const std::string& token);

 private:
  bool OnHead(const HttpResponseHead& head) override;
  bool OnBody(std::string_view bytes) override;
  void OnDone(const HttpOutcome& outcome) override;

  void Fetch();
  void Settle(const Result<OAuth2Token>& token);

  // Set once.
  const OAuth2Config config_;
  const std::shared_ptr<const HttpClient> client_;
  const Start start_;
  const Settled settled_;

  std::optional<OAuth2Token> token_;
  bool token_worked_ = false;
  OAuth2Style style_ = OAuth2Style::kHeader;
  bool style_known_ = false;
  std::vector<TransferId> waiters_;

  // The fetch under way.
  bool fetching_ = false;
  bool other_style_tried_ = false;
  std::string secret_;
  int http_status_ = 0;
  std::string body_;
};

}  // namespace sluice::internal
