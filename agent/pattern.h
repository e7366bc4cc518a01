// A regular expression that a whole text must match, as in relabeling rules and selectors.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "relabel/program.h"

namespace sluice::agent {

// Immutable, Thread-safe, cheap to copy. A default-made pattern matches everything.
class Pattern {
 public:
  static Result<Pattern> Compile(const std::string& expression);

  bool Matches(std::string_view text) const;

 private:
  relabel::Program keep_;  // of one rule
};

}  // namespace sluice::agent
