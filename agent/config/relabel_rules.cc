#include "agent/config/relabel_rules.h"

#include <array>
#include <string>
#include <utility>

#include "base/utf8.h"
#include "relabel/labels.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 7> kFields = {
    "source_labels", "separator", "regex", "modulus", "target_label", "replacement", "action"};

std::vector<std::string> DecodeSourceLabels(const Value& value) {
  std::vector<std::string> names;
  for (const Value& item : value.Items("model.LabelNames")) {
    names.push_back(item.Text());
    if (!relabel::IsUtf8LabelName(names.back())) {
      item.Fail(QuoteText(names.back()) + " is not a valid label name");
    }
  }
  return names;
}

relabel::Action DecodeAction(const Value& value) {
  if (value.is_null()) {
    value.Fail("relabel action cannot be empty");
    return relabel::Action::kReplace;
  }
  const Result<relabel::Action> action = relabel::ParseAction(value.Text());
  if (!action.ok()) value.Fail(action.error().message);
  return action.ok() ? *action : relabel::Action::kReplace;
}

// Says where the rule is wrong: at its expression, or as a whole.
void CheckRule(const relabel::Rule& rule, const Fields& fields, relabel::NameScheme scheme) {
  if (fields.map().decoder().failed()) return;
  const Result<relabel::Program> program = relabel::Program::Compile({rule}, scheme);
  if (program.ok()) return;
  std::string_view message = program.error().message;
  constexpr std::string_view kPrefix = "rule 0: ";
  if (message.substr(0, kPrefix.size()) == kPrefix) message.remove_prefix(kPrefix.size());
  const std::optional<Value> regex = fields.Find("regex");
  const bool about_regex = message.substr(0, 20) == "error parsing regexp";
  (about_regex && regex.has_value() ? *regex : fields.map()).Fail(message);
}

relabel::Rule DecodeRule(const Value& value, relabel::NameScheme scheme) {
  relabel::Rule rule;
  const Fields fields(value, "relabel.plain", {kFields});
  if (const auto sources = fields.Find("source_labels")) {
    rule.source_labels = DecodeSourceLabels(*sources);
  }
  fields.Read("separator", rule.separator);
  if (const auto regex = fields.Find("regex")) rule.regex = regex->Text();
  fields.Read("modulus", rule.modulus);
  fields.Read("target_label", rule.target_label);
  fields.Read("replacement", rule.replacement);
  if (const auto action = fields.Find("action")) rule.action = DecodeAction(*action);
  CheckRule(rule, fields, scheme);
  return rule;
}

}  // namespace

std::vector<relabel::Rule> DecodeRules(const Value& list, std::string_view null_message,
                                       relabel::NameScheme scheme) {
  std::vector<relabel::Rule> rules;
  for (const Value& item : list.Items("[]*relabel.Config")) {
    if (item.is_null()) item.Fail(null_message);
    rules.push_back(DecodeRule(item, scheme));
  }
  return rules;
}

relabel::Program DecodeProgram(const Value& list, std::string_view null_message,
                               relabel::NameScheme scheme) {
  std::vector<relabel::Rule> rules = DecodeRules(list, null_message, scheme);
  if (list.decoder().failed()) return {};
  Result<relabel::Program> program = relabel::Program::Compile(std::move(rules), scheme);
  if (!program.ok()) list.Fail(program.error().message);
  return program.ok() ? std::move(*program) : relabel::Program();
}

}  // namespace sluice::agent
