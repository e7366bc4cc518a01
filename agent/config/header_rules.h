// What may stand in a header that a configuration asks for.
#pragma once

#include <string>
#include <string_view>

namespace sluice::agent {

std::string LowerAscii(std::string text);

bool IsHeaderName(std::string_view name);

// Line ends in a value would be headers of their own.
bool IsHeaderValue(std::string_view value);

}  // namespace sluice::agent
