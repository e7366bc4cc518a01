#include "scrape/discovery/xml_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "base/utf8.h"

namespace sluice::scrape {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\f\v";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace

Result<int64_t> XmlInteger(std::string_view text) {
  std::string_view digits = Trimmed(text);
  if (digits.empty()) return 0;
  if (digits.size() > 1 && digits[0] == '+' && digits[1] != '-') digits.remove_prefix(1);
  int64_t value = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) {
    return InvalidInput("expected a whole number, got " + QuoteText(text));
  }
  return value;
}

Result<bool> XmlBool(std::string_view text) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 7> kFalse = {"", "0", "f", "F", "FALSE", "false", "False"};
  const std::string_view word = Trimmed(text);
  if (std::find(kTrue.begin(), kTrue.end(), word) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), word) != kFalse.end()) return false;
  return InvalidInput("expected true or false, got " + QuoteText(text));
}

}  // namespace sluice::scrape
