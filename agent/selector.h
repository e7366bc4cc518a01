// Series selectors, as in PromQL: `up{job=~"node.*", instance!="a:1"}`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/pattern.h"
#include "base/result.h"
#include "relabel/labels.h"

namespace sluice::agent {

// Immutable. A default-made selector takes everything.
class Selector {
 public:
  // Names and values may be quoted with ", ' or `. As in PromQL, a selector that everything would
  // match is refused.
  static Result<Selector> Parse(std::string_view text);

  // A label that is missing counts as empty.
  bool Matches(const relabel::Labels& labels) const;

  enum class Operator { kEqual, kNotEqual, kMatch, kNoMatch };

  struct Matcher {
    std::string name;
    Operator op = Operator::kEqual;
    std::string value;
    Pattern pattern = {};  // of the last two operators

    bool Matches(std::string_view label_value) const;
  };

  const std::vector<Matcher>& matchers() const { return matchers_; }

 private:
  std::vector<Matcher> matchers_;
};

}  // namespace sluice::agent
