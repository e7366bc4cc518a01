// The map `headers` of remote_write, remote_read and tracing.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/decoder.h"

namespace sluice::agent {

inline constexpr std::string_view kAuthorizationByFields =
    "authorization header must be changed via the basic_auth, authorization, oauth2, sigv4,"
    " azuread or google_iam parameter";

// Sorted by name. `authorization_message` is what that header is refused with.
std::vector<std::pair<std::string, std::string>> DecodeHeaders(
    const Value& value, std::string_view authorization_message = kAuthorizationByFields);

}  // namespace sluice::agent
