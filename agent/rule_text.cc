#include "agent/rule_text.h"

#include "base/utf8.h"

namespace sluice::agent {

std::string DescribeRule(const relabel::Rule& rule) {
  std::string text(relabel::ActionName(rule.action));
  if (!rule.source_labels.empty()) {
    text += " [";
    for (const std::string& name : rule.source_labels) {
      text += (&name == &rule.source_labels.front() ? "" : ", ") + name;
    }
    text += "]";
  }
  if (rule.regex.has_value()) text += " " + QuoteText(*rule.regex);
  if (!rule.target_label.empty()) text += " -> " + rule.target_label;
  return text;
}

}  // namespace sluice::agent
