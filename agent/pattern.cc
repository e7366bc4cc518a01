#include "agent/pattern.h"

#include <utility>
#include <vector>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kSubject = "subject";

}  // namespace

Result<Pattern> Pattern::Compile(const std::string& expression) {
  relabel::Rule rule;
  rule.action = relabel::Action::kKeep;
  rule.source_labels = {std::string(kSubject)};
  rule.regex = expression;
  Result<relabel::Program> program = relabel::Program::Compile({std::move(rule)});
  if (!program.ok()) return InvalidInput("bad regular expression " + QuoteText(expression));
  Pattern pattern;
  pattern.keep_ = std::move(*program);
  return pattern;
}

bool Pattern::Matches(std::string_view text) const {
  relabel::LabelsBuilder labels;
  labels.Set(kSubject, text);
  return keep_.Apply(labels);
}

}  // namespace sluice::agent
