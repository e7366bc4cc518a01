// What replacement and target_label say: text with references to the groups of a match, in the
// syntax of Go's regexp.Expand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "relabel/internal/matcher.h"

namespace sluice::relabel {

// `$1`, `$name`, `${1}`, `${name}`; `$name` is as long as letters, digits and underscores go; `$$`
// is a dollar; a dollar before anything else stands for itself. Unknown groups are empty.
class Template {
 public:
  Template() = default;
  Template(std::string_view text, const Matcher& matcher);

  // Nothing to expand: equal to text().
  bool is_plain() const { return is_plain_; }

  const std::string& text() const { return text_; }

  void Append(const MatchGroups& groups, std::string& out) const;

 private:
  struct Piece {
    std::string literal;
    size_t group = 0;
    bool is_group = false;
  };

  void AddLiteral(std::string_view literal);
  void AddGroup(std::string_view name, const Matcher& matcher);

  std::string text_;
  bool is_plain_ = true;
  std::vector<Piece> pieces_;
};

}  // namespace sluice::relabel
