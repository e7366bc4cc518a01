// Requests to token endpoints.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/http_loop.h"
#include "base/internal/credential_flow.h"
#include "base/json_text.h"

namespace sluice::internal {

using FormFields = std::vector<std::pair<std::string_view, std::string>>;

// A POST of a form whose answer is JSON.
HttpRequest TokenRequest(std::string url, const FormFields& form,
                         std::shared_ptr<const HttpClient> client);

// The claims `iat` and `exp`.
void AppendLife(JsonMembers& claims, TimestampMs now_ms, std::chrono::seconds life);

// A UUID (RFC 4122, 4.4).
std::string RandomUuid(const FlowTime& time);

// New ones are asked for when a quarter of the life of these is left.
void RefreshEarly(Credentials& credentials, const FlowTime& time);

// The content of a file without blanks around it. `what` is what a message calls it. An error is
// kRetryable: the file may be there the next time.
Result<std::string> ReadCredentialFile(const std::string& path, std::string_view what);

}  // namespace sluice::internal
