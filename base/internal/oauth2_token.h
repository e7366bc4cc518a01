// The request for an OAuth2 token and what its answer says (RFC 6749, 4.4 and 5).
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_client_config.h"
#include "base/http_loop.h"
#include "base/internal/credential_flow.h"
#include "base/result.h"

namespace sluice::internal {

// A token is not used in the last seconds of its life, as requests take their time.
inline constexpr std::chrono::seconds kTokenMargin{10};

inline constexpr std::string_view kTokenFailure = "oauth2: cannot fetch token";

inline constexpr std::string_view kJwtBearerGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";

// Separated by blanks.
std::string ScopeText(const std::vector<std::string>& scopes);

// How the client tells who it is: servers differ, and none says what it wants.
enum class OAuth2Style { kHeader, kBody };

HttpRequest OAuth2TokenRequest(const OAuth2Config& config, const std::string& secret,
                               OAuth2Style style);

// Errors are kRetryable and hold nothing of the secrets.
Result<Credentials> ParseOAuth2Answer(int http_status, const std::string& body,
                                      std::chrono::steady_clock::time_point now);

}  // namespace sluice::internal
