// Where a series or a target went, and why: what `explain` has to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "relabel/labels.h"
#include "relabel/program.h"

namespace sluice::agent {

enum class Verdict {
  kPassed,
  kStopped,  // it goes no further
  kHeld,     // it will, later
  kUnknown,  // nobody can say, or it did not come so far
};

// What one relabeling rule did.
struct RuleStep {
  size_t rule = 0;     // from 0
  std::string text{};  // the rule, see DescribeRule()
  bool kept = true;
  relabel::Labels before{};
  relabel::Labels after{};  // empty unless kept
};

// One thing on the way.
struct Stage {
  std::string name{};  // "discovery", "relabel_configs" ...
  Verdict verdict = Verdict::kPassed;
  std::string text{};             // one line, for people
  std::vector<RuleStep> steps{};  // of relabeling
  relabel::Labels labels{};       // as they come out of it; empty where that says nothing
};

// The way of one series, or of one target.
struct Path {
  bool is_series = false;
  std::string job{};
  relabel::Labels labels{};  // what it is called as far as it came
  std::string sentence{};    // all of it in one
  std::vector<Stage> stages{};
  std::vector<Stage> deliveries{};  // one for each destination, named by it; none if it was stopped
};

struct Explanation {
  std::string sentence{};  // of the only path, or about all of them
  std::vector<Path> paths{};
  uint64_t matched = 0;              // paths, of which some may not be shown
  bool complete = true;              // nothing was left out for lack of time or for its size
  std::vector<std::string> notes{};  // what was left out
};

std::string_view VerdictName(Verdict verdict);

// For people: what the rules, a list of that name, did.
RuleStep DescribeStep(const relabel::TraceStep& step);

}  // namespace sluice::agent
