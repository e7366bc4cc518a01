#include "relabel/program.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "relabel/case_mapper.h"
#include "relabel/internal/matcher.h"
#include "relabel/internal/md5.h"
#include "relabel/internal/template.h"

namespace sluice::relabel {
namespace {

constexpr std::string_view kDefaultRegex = "(.*)";

struct Step {
  size_t rule = 0;
  Matcher matcher;
  Template target;
  Template replacement;
};

// Memory that the steps of one run share.
struct Scratch {
  std::string joined;
  std::string target;
  std::string result;
  MatchGroups groups;
  std::vector<Label> labels;
};

uint64_t HashOf(std::string_view text) {
  const auto digest = Md5(text);
  uint64_t hash = 0;
  for (size_t i = 8; i < digest.size(); ++i) hash = (hash << 8) | digest.at(i);
  return hash;
}

// The values of the rule's source labels. The view is valid until `labels` or `scratch` changes.
std::string_view Join(const Rule& rule, const LabelsBuilder& labels, std::string& scratch) {
  if (rule.source_labels.empty()) return {};
  if (rule.source_labels.size() == 1) return labels.Get(rule.source_labels.front());
  scratch.clear();
  for (size_t i = 0; i < rule.source_labels.size(); ++i) {
    if (i > 0) scratch += rule.separator;
    scratch += labels.Get(rule.source_labels[i]);
  }
  return scratch;
}

bool IsName(std::string_view name, NameScheme scheme) {
  return scheme == NameScheme::kUtf8 ? IsUtf8LabelName(name) : IsLegacyLabelName(name);
}

void MapNames(const Step& step, LabelsBuilder& labels, Scratch& scratch) {
  labels.CopyInSettingOrder(scratch.labels);
  for (const Label& label : scratch.labels) {
    if (!step.matcher.Match(label.name, scratch.groups)) continue;
    scratch.target.clear();
    step.replacement.Append(scratch.groups, scratch.target);
    labels.Set(scratch.target, label.value);
  }
}

// Deletes the labels whose name matches, or those whose name does not.
void DeleteNames(const Matcher& matcher, bool matching, LabelsBuilder& labels) {
  for (size_t i = labels.labels().size(); i-- > 0;) {
    const std::string& name = labels.labels()[i].name;
    if (matcher.Matches(name) == matching) labels.Delete(name);
  }
}

}  // namespace

struct Program::Compiled {
  std::vector<Rule> rules;
  std::vector<Step> steps;
  NameScheme scheme = NameScheme::kUtf8;
  CaseMapper case_mapper;

  bool Run(const Step& step, LabelsBuilder& labels, Scratch& scratch) const;
  void Replace(const Step& step, LabelsBuilder& labels, Scratch& scratch) const;
};

void Program::Compiled::Replace(const Step& step, LabelsBuilder& labels, Scratch& scratch) const {
  const std::string_view value = Join(rules[step.rule], labels, scratch.joined);
  const bool plain = step.target.is_plain() && step.replacement.is_plain();
  if (plain) {
    if (step.matcher.Matches(value)) labels.Set(step.target.text(), step.replacement.text());
    return;
  }
  if (!step.matcher.Match(value, scratch.groups)) return;
  scratch.target.clear();
  step.target.Append(scratch.groups, scratch.target);
  if (!step.target.is_plain() && !IsName(scratch.target, scheme)) return;
  scratch.result.clear();
  step.replacement.Append(scratch.groups, scratch.result);
  labels.Set(scratch.target, scratch.result);
}

bool Program::Compiled::Run(const Step& step, LabelsBuilder& labels, Scratch& scratch) const {
  const Rule& rule = rules[step.rule];
  switch (rule.action) {
    case Action::kReplace:
      Replace(step, labels, scratch);
      return true;
    case Action::kKeep:
      return step.matcher.Matches(Join(rule, labels, scratch.joined));
    case Action::kDrop:
      return !step.matcher.Matches(Join(rule, labels, scratch.joined));
    case Action::kKeepEqual:
      return Join(rule, labels, scratch.joined) == labels.Get(rule.target_label);
    case Action::kDropEqual:
      return Join(rule, labels, scratch.joined) != labels.Get(rule.target_label);
    case Action::kHashMod: {
      const uint64_t hash = HashOf(Join(rule, labels, scratch.joined));
      labels.Set(rule.target_label, std::to_string(hash % rule.modulus));
      return true;
    }
    case Action::kLabelMap:
      MapNames(step, labels, scratch);
      return true;
    case Action::kLabelDrop:
      DeleteNames(step.matcher, true, labels);
      return true;
    case Action::kLabelKeep:
      DeleteNames(step.matcher, false, labels);
      return true;
    case Action::kLowercase:
      labels.Set(rule.target_label, case_mapper.Lower(Join(rule, labels, scratch.joined)));
      return true;
    case Action::kUppercase:
      labels.Set(rule.target_label, case_mapper.Upper(Join(rule, labels, scratch.joined)));
      return true;
  }
  return true;
}

Result<Program> Program::Compile(std::vector<Rule> rules, NameScheme scheme) {
  if (rules.empty()) return Program();
  auto compiled = std::make_shared<Compiled>();
  compiled->scheme = scheme;
  for (size_t i = 0; i < rules.size(); ++i) {
    const Rule& rule = rules[i];
    const std::string context = "rule " + std::to_string(i);
    // In the order of Prometheus, which compiles the expression while it reads the field.
    Result<Matcher> matcher = Matcher::Compile(rule.regex.value_or(std::string(kDefaultRegex)));
    if (!matcher.ok()) return matcher.error().WithContext(context);
    if (const Status valid = Validate(rule, scheme); !valid.ok()) {
      return valid.error().WithContext(context);
    }
    Step step{.rule = i, .matcher = std::move(*matcher), .target = {}, .replacement = {}};
    step.target = Template(rule.target_label, step.matcher);
    step.replacement = Template(rule.replacement, step.matcher);
    compiled->steps.push_back(std::move(step));
  }
  compiled->rules = std::move(rules);
  Program program;
  program.compiled_ = std::move(compiled);
  return program;
}

bool Program::Apply(LabelsBuilder& labels) const {
  if (compiled_ == nullptr) return true;
  Scratch scratch;
  for (const Step& step : compiled_->steps) {
    if (!compiled_->Run(step, labels, scratch)) return false;
  }
  return true;
}

bool Program::ApplyTraced(LabelsBuilder& labels,
                          const std::function<void(const TraceStep&)>& step) const {
  if (compiled_ == nullptr) return true;
  Scratch scratch;
  for (const Step& current : compiled_->steps) {
    TraceStep trace;
    trace.rule_index = current.rule;
    trace.rule = &compiled_->rules[current.rule];
    trace.before = labels.Build();
    trace.kept = compiled_->Run(current, labels, scratch);
    trace.after = labels.Build();
    step(trace);
    if (!trace.kept) return false;
  }
  return true;
}

bool Program::empty() const { return compiled_ == nullptr; }

const std::vector<Rule>& Program::rules() const {
  static const std::vector<Rule> no_rules;
  return compiled_ == nullptr ? no_rules : compiled_->rules;
}

}  // namespace sluice::relabel
