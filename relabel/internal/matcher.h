// One compiled regular expression of a rule, anchored at both ends, `.` matching newlines too.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "relabel/internal/simple_pattern.h"

namespace re2 {
class RE2;
}  // namespace re2

namespace sluice::relabel {

// The groups of a match, 0 = all of it. A group that took no part is a view of null.
using MatchGroups = std::vector<std::string_view>;

// Immutable. Thread-safe.
class Matcher {
 public:
  // Errors are `error parsing regexp: ...`.
  static Result<Matcher> Compile(std::string_view pattern);
  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  bool Matches(std::string_view text) const;

  // As Matches; the groups are views into `text`.
  bool Match(std::string_view text, MatchGroups& groups) const;

  // Whether matching takes so long that a result is worth being kept.
  bool is_costly() const { return regex_ != nullptr; }

  // How many groups Match fills, the whole match counted.
  size_t group_count() const { return group_count_; }

  // Number of a named group, or -1.
  int GroupNumber(const std::string& name) const;

 private:
  struct TextHash {
    using is_transparent = void;

    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

  Matcher();
  bool MatchesSimple(std::string_view text) const;
  bool MatchRegex(std::string_view text, MatchGroups* groups) const;
  bool MatchInvalidUtf8(std::string_view text, MatchGroups* groups) const;

  // Either a simple pattern, or a regular expression.
  SimplePattern simple_;
  TextSet literals_;
  std::unique_ptr<re2::RE2> regex_;
  size_t group_count_ = 1;
  std::map<std::string, int> group_names_;
};

}  // namespace sluice::relabel
