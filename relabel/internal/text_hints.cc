#include "relabel/internal/text_hints.h"

#include <algorithm>
#include <string>

#include <re2/re2.h>

#include "relabel/internal/simple_pattern.h"

namespace sluice::relabel {
namespace {

// What lies between two texts begins as both do; a longer beginning would tell little more.
constexpr int kRangeBytesMax = 64;

bool AddSimple(const SimplePattern& pattern, std::vector<TextHint>& hints) {
  if (!pattern.is_wildcard) {
    for (const std::string& literal : pattern.literals) {
      hints.push_back({TextHint::Kind::kWhole, literal});
    }
    return true;
  }
  if (pattern.prefix.empty() && pattern.suffix.empty()) {
    if (pattern.min_middle != 0) hints.push_back({TextHint::Kind::kNotEmpty, ""});
    return pattern.min_middle != 0;
  }
  if (!pattern.prefix.empty()) {
    hints.push_back({TextHint::Kind::kPrefix, pattern.prefix});
  } else {
    hints.push_back({TextHint::Kind::kSuffix, pattern.suffix});
  }
  return true;
}

bool AddRegex(std::string_view pattern, std::vector<TextHint>& hints) {
  RE2::Options options;
  options.set_log_errors(false);
  const RE2 regex("^(?s:" + RewriteNamedGroups(pattern) + ")$", options);
  std::string least;
  std::string greatest;
  if (!regex.ok()) return false;
  const bool has_range = regex.PossibleMatchRange(&least, &greatest, kRangeBytesMax);
  if (!has_range) least.clear();
  size_t size = 0;
  // Only ASCII: an invalid byte of a text may stand for a character of the expression.
  while (size < least.size() && size < greatest.size() && least[size] == greatest[size] &&
         static_cast<unsigned char>(least[size]) < 0x80) {
    ++size;
  }
  if (size != 0) {
    hints.push_back({TextHint::Kind::kPrefix, least.substr(0, size)});
    return true;
  }
  if (RE2::FullMatch("", regex)) return false;
  hints.push_back({TextHint::Kind::kNotEmpty, ""});
  return true;
}

bool AddSpread(std::string_view pattern, std::vector<TextHint>& hints) {
  const std::vector<std::string> patterns = SpreadFirstGroup(pattern);
  return std::all_of(patterns.begin(), patterns.end(),
                     [&](const std::string& each) { return AddRegex(each, hints); });
}

}  // namespace

std::vector<TextHint> HintsOf(std::string_view pattern) {
  std::vector<TextHint> hints;
  for (const std::string_view alternative : SplitAlternatives(pattern)) {
    const std::optional<SimplePattern> simple = AnalyzePattern(alternative);
    const bool known =
        simple.has_value() ? AddSimple(*simple, hints) : AddSpread(alternative, hints);
    if (!known) return {};
  }
  return hints;
}

}  // namespace sluice::relabel
