#include "agent/explain/explanation.h"

#include "agent/rule_text.h"

namespace sluice::agent {

std::string_view VerdictName(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPassed:
      return "passed";
    case Verdict::kStopped:
      return "stopped";
    case Verdict::kHeld:
      return "held";
    case Verdict::kUnknown:
      return "unknown";
  }
  return "unknown";
}

RuleStep DescribeStep(const relabel::TraceStep& step) {
  RuleStep described{.rule = step.rule_index,
                     .text = DescribeRule(*step.rule),
                     .kept = step.kept,
                     .before = step.before};
  if (step.kept) described.after = step.after;
  return described;
}

}  // namespace sluice::agent
