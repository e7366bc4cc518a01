// JSON, written.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

// The members of an object: a name, and a value as JSON.
using JsonMembers = std::vector<std::pair<std::string, std::string>>;

// A string, in double quotes. What is no UTF-8 becomes U+FFFD; control characters are escaped.
void AppendJsonString(std::string& out, std::string_view text);
std::string JsonString(std::string_view text);

// Of a name that comes again, the last value counts.
std::string JsonObject(const JsonMembers& members);

}  // namespace sluice
