#include "agent/config/headers_section.h"

#include <algorithm>

#include "agent/config/header_rules.h"
#include "base/utf8.h"

namespace sluice::agent {

std::vector<std::pair<std::string, std::string>> DecodeHeaders(
    const Value& value, std::string_view authorization_message) {
  std::vector<std::pair<std::string, std::string>> headers;
  if (!value.HasKind(YamlNode::Kind::kMap, "map[string]string")) return headers;
  for (const auto& [name, text] : value.Entries("map[string]string")) {
    if (LowerAscii(name) == "authorization") text.Fail(authorization_message);
    if (IsReservedHeader(name)) text.Fail(name + " is a reserved header. It must not be changed");
    if (!IsHeaderName(name)) text.Fail(QuoteText(name) + " is not a valid header name");
    if (!IsHeaderValue(text.Text())) {
      text.Fail("not a valid value of header " + QuoteText(name));
    }
    headers.emplace_back(name, text.Text());
  }
  std::sort(headers.begin(), headers.end());
  return headers;
}

}  // namespace sluice::agent
