// What may stand in a header that a configuration asks for.
#pragma once

#include <string>
#include <string_view>

namespace sluice::agent {

std::string LowerAscii(std::string text);

bool IsHeaderName(std::string_view name);

// Whether `headers` may not have it, in any case: what connections, the sender, or credentials of
// fields of their own say. Authorization is not among them, as it has a message of its own.
bool IsReservedHeader(std::string_view name);

// The same for http_headers, which may have no Authorization either.
bool IsReservedHttpHeader(std::string_view name);

// Line ends in a value would be headers of their own.
bool IsHeaderValue(std::string_view value);

}  // namespace sluice::agent
