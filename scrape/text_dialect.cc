#include "scrape/text_dialect.h"

#include <algorithm>
#include <cstring>

#include "scrape/number.h"

namespace sluice::scrape {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

bool EndsValue(char c) { return c == '\n' || IsBlank(c); }

}  // namespace

Status PrometheusText::Parse(Parser& parser, std::string_view whole, Entry& entry) {
  if (whole.ends_with('\n')) whole.remove_suffix(1);
  return parser.Parse(whole, entry);
}

const char* PrometheusText::ReadRest(const char* p, const char* end, Parser&, Entry& entry) {
  entry.has_timestamp = false;
  const char* at = std::find_if(p, end, EndsValue);
  if (at == end || !ParseValue({p, static_cast<size_t>(at - p)}, entry.value)) return nullptr;
  at = std::find_if_not(at, end, IsBlank);
  if (at == end) return nullptr;
  if (*at == '\n') return at;
  const char* const digits = at;
  at = std::find_if(at, end, EndsValue);
  if (at == end) return nullptr;
  if (!ParseTimestamp({digits, static_cast<size_t>(at - digits)}, entry.timestamp_ms)) {
    return nullptr;
  }
  entry.has_timestamp = true;
  at = std::find_if_not(at, end, IsBlank);
  return at != end && *at == '\n' ? at : nullptr;
}

Status OpenMetricsText::Parse(Parser& parser, std::string_view whole, Entry& entry) {
  return parser.Parse(whole, entry);
}

const char* OpenMetricsText::ReadRest(const char* p, const char* end, Parser& parser,
                                      Entry& entry) {
  const auto* const newline =
      static_cast<const char*>(std::memchr(p, '\n', static_cast<size_t>(end - p)));
  if (newline == nullptr) return nullptr;
  // The text of a known series ends with the blank before the value.
  const char* const blank = p - 1;
  const std::string_view rest(blank, static_cast<size_t>(newline + 1 - blank));
  return parser.ParseRest(rest, entry).ok() ? newline : nullptr;
}

}  // namespace sluice::scrape
