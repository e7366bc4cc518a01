// How credentials are had that somebody must be asked for: a conversation, as a pure function of
// the answers, and of the files at its beginning.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/aws_signature.h"
#include "base/clock.h"
#include "base/http_client.h"
#include "base/http_loop.h"
#include "base/result.h"

namespace sluice::internal {

struct FlowTime {
  std::chrono::steady_clock::time_point now;
  TimestampMs wall_ms = 0;
  std::array<uint64_t, 2> random = {};  // for what must be unique
};

// One of the first two.
struct Credentials {
  std::string authorization = {};  // the value of the header
  std::shared_ptr<const AwsSignature> aws_signature = {};
  // From then on new ones are asked for, and these are used meanwhile; nothing: when they end.
  std::optional<std::chrono::steady_clock::time_point> refresh_at = {};
  // After this they are not used any more; nothing when they do not expire.
  std::optional<std::chrono::steady_clock::time_point> good_until = {};
};

struct FlowAnswer {
  Status status;  // whether there is one at all
  int http_status = 0;
  std::string body;
};

// What to ask next, or the end.
using FlowStep = std::variant<HttpRequest, Credentials>;

// One conversation at a time; a new one may begin before the one before ended. Errors hold nothing
// of the secrets.
class CredentialFlow {
 public:
  virtual ~CredentialFlow() = default;

  virtual Result<FlowStep> Begin(const ResolvedHttpClient& client, const FlowTime& time) = 0;

  // The answer to the last request.
  virtual Result<FlowStep> Next(const FlowAnswer& answer, const FlowTime& time) = 0;

  // What a message says when it failed: "oauth2: cannot fetch token".
  virtual std::string_view failure() const = 0;
};

// For a client whose credentials somebody must be asked for.
std::unique_ptr<CredentialFlow> MakeCredentialFlow(const HttpClient& client);

}  // namespace sluice::internal
