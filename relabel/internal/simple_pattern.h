// Regular expressions that need no regular expression engine: most of those in configurations are
// an alternation of plain texts, or one wildcard with plain text around it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::relabel {

struct SimplePattern {
  bool is_wildcard = false;
  std::vector<std::string> literals;  // !is_wildcard: matches exactly these
  // is_wildcard: matches prefix, at least min_middle bytes, suffix.
  std::string prefix;
  std::string suffix;
  size_t min_middle = 0;
  // Capturing groups, from the outside: around everything, around the wildcard.
  bool captures_whole = false;
  bool captures_middle = false;
};

// What `pattern` means when it must match a whole text and `.` matches every character; nothing
// when it is not that simple. `pattern` must be valid.
std::optional<SimplePattern> AnalyzePattern(std::string_view pattern);

// The parts of a valid pattern between the bars that are in no group, or in one around all; just
// the pattern when it is not sure that each part means by itself what it means there.
std::vector<std::string_view> SplitAlternatives(std::string_view pattern);

// The same of a pattern without such bars that has them in its first group: one pattern for each of
// them, which together match what the pattern does, groups apart.
std::vector<std::string> SpreadFirstGroup(std::string_view pattern);

// `(?<name>` as `(?P<name>`, the only spelling that our version of the engine knows.
std::string RewriteNamedGroups(std::string_view pattern);

}  // namespace sluice::relabel
