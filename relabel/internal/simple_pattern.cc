#include "relabel/internal/simple_pattern.h"

#include <utility>

#include "base/utf8.h"

namespace sluice::relabel {
namespace {

bool IsWordChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool IsAsciiPunctuation(char c) { return c > ' ' && c < '\x7f' && !IsWordChar(c); }

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// The length of the escape, the class or the single character at the front.
size_t AtomLength(std::string_view pattern) {
  if (StartsWith(pattern, "\\Q")) {
    const size_t end = pattern.find("\\E");
    return end == std::string_view::npos ? pattern.size() : end + 2;
  }
  if (pattern[0] == '\\') return std::min<size_t>(2, pattern.size());
  if (pattern[0] != '[') return 1;
  size_t i = StartsWith(pattern, "[^") ? 2 : 1;
  // A `]` that comes first stands for itself.
  for (bool first = true; i < pattern.size(); first = false) {
    if (pattern[i] == ']' && !first) return i + 1;
    if (StartsWith(pattern.substr(i), "[:")) {
      const size_t end = pattern.find(":]", i + 2);
      i = end == std::string_view::npos ? i + 1 : end + 2;
    } else {
      i += pattern[i] == '\\' ? size_t{2} : size_t{1};
    }
  }
  return pattern.size();
}

// Whether the group that opens at 0 closes at the very end.
bool IsOneGroup(std::string_view pattern) {
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); i += AtomLength(pattern.substr(i))) {
    if (pattern[i] == '(') ++depth;
    if (pattern[i] == ')' && --depth == 0) return i + 1 == pattern.size();
  }
  return false;
}

// Reads the pattern from its front, one token at a time.
class Analyzer {
 public:
  std::optional<SimplePattern> Run(std::string_view pattern) {
    rest_ = StripGroup(pattern);
    while (!rest_.empty()) {
      if (!TakeToken()) return std::nullopt;
    }
    if (result_.is_wildcard) {
      result_.suffix = std::move(literal_);
    } else {
      result_.literals.push_back(std::move(literal_));
    }
    return std::move(result_);
  }

 private:
  std::string_view StripGroup(std::string_view pattern) {
    if (!StartsWith(pattern, "(") || !IsOneGroup(pattern)) return pattern;
    const std::string_view inside = pattern.substr(1, pattern.size() - 2);
    if (StartsWith(inside, "?:")) return inside.substr(2);
    if (StartsWith(inside, "?")) return pattern;
    result_.captures_whole = true;
    return inside;
  }

  bool TakeToken() {
    for (const std::string_view wildcard : {"(.*)", "(.+)", ".*", ".+"}) {
      if (StartsWith(rest_, wildcard)) return TakeWildcard(wildcard);
    }
    const char c = rest_[0];
    if (c == '|') return TakeBar();
    if (c == '\\') {
      if (rest_.size() < 2 || !IsAsciiPunctuation(rest_[1])) return false;
      literal_ += rest_[1];
      rest_.remove_prefix(2);
      return true;
    }
    constexpr std::string_view kSpecial = ".*+?()[]{}^$";
    if (kSpecial.find(c) != std::string_view::npos) return false;
    literal_ += c;
    rest_.remove_prefix(1);
    return true;
  }

  bool TakeWildcard(std::string_view wildcard) {
    if (result_.is_wildcard || !result_.literals.empty()) return false;
    result_.is_wildcard = true;
    result_.captures_middle = wildcard[0] == '(';
    result_.min_middle = wildcard.find('+') != std::string_view::npos ? 1 : 0;
    result_.prefix = std::exchange(literal_, {});
    rest_.remove_prefix(wildcard.size());
    return true;
  }

  bool TakeBar() {
    if (result_.is_wildcard) return false;
    result_.literals.push_back(std::exchange(literal_, {}));
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view rest_;
  std::string literal_;
  SimplePattern result_;
};

}  // namespace

std::optional<SimplePattern> AnalyzePattern(std::string_view pattern) {
  // To the engine an invalid byte of a text equals U+FFFD; comparing bytes would not see that.
  std::string replacement;
  AppendRune(kReplacementRune, replacement);
  if (pattern.find(replacement) != std::string_view::npos) return std::nullopt;
  return Analyzer().Run(pattern);
}

std::vector<std::string_view> SplitAlternatives(std::string_view pattern) {
  std::string_view inside = pattern;
  if (StartsWith(pattern, "(") && IsOneGroup(pattern)) {
    inside = pattern.substr(1, pattern.size() - 2);
    if (StartsWith(inside, "?:")) inside.remove_prefix(2);
  }
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t from = 0;
  for (size_t at = 0; at < inside.size(); at += AtomLength(inside.substr(at))) {
    const std::string_view rest = inside.substr(at);
    // Flags hold for what follows, bars or not.
    if (StartsWith(rest, "(?") && !StartsWith(rest, "(?:")) return {pattern};
    if (rest[0] == '(') ++depth;
    if (rest[0] == ')') --depth;
    if (rest[0] != '|' || depth != 0) continue;
    parts.push_back(inside.substr(from, at - from));
    from = at + 1;
  }
  // Not within what lacks an end.
  if (StartsWith(inside, "?") || depth != 0) return {pattern};
  parts.push_back(inside.substr(from));
  return parts;
}

std::vector<std::string> SpreadFirstGroup(std::string_view pattern) {
  size_t open = 0;
  while (open < pattern.size() && pattern[open] != '(') open += AtomLength(pattern.substr(open));
  size_t close = open;
  int depth = 0;
  for (; close < pattern.size(); close += AtomLength(pattern.substr(close))) {
    if (pattern[close] == '(') ++depth;
    if (pattern[close] == ')' && --depth == 0) break;
  }
  const std::string_view group = pattern.substr(open, close + 1 - open);
  // Flags may hold for what follows.
  const bool has_flags = StartsWith(group, "(?") && !StartsWith(group, "(?:");
  if (close >= pattern.size() || has_flags) return {std::string(pattern)};
  const std::string_view behind = pattern.substr(close + 1);
  const bool is_repeated =
      !behind.empty() && std::string_view("*+?{").find(behind[0]) != std::string_view::npos;
  if (is_repeated) return {std::string(pattern)};
  std::vector<std::string> patterns;
  for (const std::string_view part : SplitAlternatives(group)) {
    patterns.push_back(std::string(pattern.substr(0, open)) + "(?:" + std::string(part) + ")" +
                       std::string(behind));
  }
  return patterns;
}

std::string RewriteNamedGroups(std::string_view pattern) {
  std::string out;
  while (!pattern.empty()) {
    if (StartsWith(pattern, "(?<") && pattern.size() > 3 && IsWordChar(pattern[3])) {
      out += "(?P<";
      pattern.remove_prefix(3);
      continue;
    }
    const size_t length = AtomLength(pattern);
    out += pattern.substr(0, length);
    pattern.remove_prefix(length);
  }
  return out;
}

}  // namespace sluice::relabel
