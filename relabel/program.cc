#include "relabel/program.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "relabel/internal/compiled_program.h"
#include "relabel/internal/md5.h"

namespace sluice::relabel {
namespace {

uint64_t HashOf(std::string_view text) {
  const auto digest = Md5(text);
  uint64_t hash = 0;
  for (size_t i = 8; i < digest.size(); ++i) hash = (hash << 8) | digest.at(i);
  return hash;
}

bool IsName(std::string_view name, NameScheme scheme) {
  return scheme == NameScheme::kUtf8 ? IsUtf8LabelName(name) : IsLegacyLabelName(name);
}

void MapNames(const Step& step, LabelsBuilder& labels, Scratch& scratch) {
  const bool maps_some =
      std::any_of(labels.labels().begin(), labels.labels().end(),
                  [&](const Label& label) { return step.matcher.Matches(label.name); });
  if (!maps_some) return;
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

Program::Memory::Memory() = default;
Program::Memory::~Memory() = default;
Program::Memory::Memory(Memory&&) noexcept = default;
Program::Memory& Program::Memory::operator=(Memory&&) noexcept = default;

void Program::Compiled::Replace(const Step& step, LabelsBuilder& labels, Scratch& scratch) const {
  const std::string_view value = Join(rules[step.rule], labels, scratch.joined);
  const bool plain = step.target.is_plain() && step.replacement.is_plain();
  if (plain) {
    if (Matches(step, value, scratch)) labels.Set(step.target.text(), step.replacement.text());
    return;
  }
  Memo* const memo = step.matcher.is_costly() ? scratch.MemoOf(step.rule, value) : nullptr;
  if (memo != nullptr && memo->is_set && memo->text == value) {
    if (memo->matches) labels.Set(memo->target, memo->result);
    return;
  }
  const bool matches = Expand(step, value, scratch);
  if (memo != nullptr) {
    *memo = {.is_set = true,
             .matches = matches,
             .text = std::string(value),
             .target = scratch.target,
             .result = scratch.result};
  }
  if (matches) labels.Set(scratch.target, scratch.result);
}

// Fills the target and the result of the scratch; false when there is nothing to be set.
bool Program::Compiled::Expand(const Step& step, std::string_view value, Scratch& scratch) const {
  scratch.target.clear();
  scratch.result.clear();
  if (!step.matcher.Match(value, scratch.groups)) return false;
  step.target.Append(scratch.groups, scratch.target);
  if (!step.target.is_plain() && !IsName(scratch.target, scheme)) return false;
  step.replacement.Append(scratch.groups, scratch.result);
  return true;
}

bool Program::Compiled::Matches(const Step& step, std::string_view value, Scratch& scratch) const {
  Memo* const memo = step.matcher.is_costly() ? scratch.MemoOf(step.rule, value) : nullptr;
  if (memo == nullptr) return step.matcher.Matches(value);
  if (!memo->is_set || memo->text != value) {
    memo->matches = step.matcher.Matches(value);
    memo->text.assign(value);
    memo->is_set = true;
  }
  return memo->matches;
}

void Program::Compiled::SetHash(const Step& step, LabelsBuilder& labels, Scratch& scratch) const {
  const Rule& rule = rules[step.rule];
  const std::string_view value = Join(rule, labels, scratch.joined);
  Memo* const memo = scratch.MemoOf(step.rule, value);
  if (memo != nullptr && memo->is_set && memo->text == value) {
    labels.Set(rule.target_label, memo->result);
    return;
  }
  const std::string result = std::to_string(HashOf(value) % rule.modulus);
  if (memo != nullptr) {
    *memo = {.is_set = true,
             .matches = true,
             .text = std::string(value),
             .target = {},
             .result = result};
  }
  labels.Set(rule.target_label, result);
}

bool Program::Compiled::Run(const Step& step, LabelsBuilder& labels, Scratch& scratch) const {
  const Rule& rule = rules[step.rule];
  switch (rule.action) {
    case Action::kReplace:
      Replace(step, labels, scratch);
      return true;
    case Action::kKeep:
      return Matches(step, Join(rule, labels, scratch.joined), scratch);
    case Action::kDrop:
      return !Matches(step, Join(rule, labels, scratch.joined), scratch);
    case Action::kKeepEqual:
      return Join(rule, labels, scratch.joined) == labels.Get(rule.target_label);
    case Action::kDropEqual:
      return Join(rule, labels, scratch.joined) != labels.Get(rule.target_label);
    case Action::kHashMod:
      SetHash(step, labels, scratch);
      return true;
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
  compiled->MakeFilters();
  Program program;
  program.compiled_ = std::move(compiled);
  return program;
}

bool Program::Compiled::RunAll(LabelsBuilder& labels, Scratch& scratch) const {
  return std::all_of(steps.begin(), steps.end(),
                     [&](const Step& step) { return Run(step, labels, scratch); });
}

bool Program::Apply(LabelsBuilder& labels, Memory& memory) const {
  if (compiled_ == nullptr) return true;
  if (memory.state_ == nullptr) memory.state_ = std::make_unique<Memory::State>();
  Memory::State& state = *memory.state_;
  if (state.of != compiled_) {
    state.of = compiled_;
    state.scratch.memos.assign(compiled_->steps.size(), {});
  }
  return compiled_->is_filtered ? compiled_->RunSome(labels, state.scratch)
                                : compiled_->RunAll(labels, state.scratch);
}

bool Program::Apply(LabelsBuilder& labels) const {
  if (compiled_ == nullptr) return true;
  Scratch scratch;
  return compiled_->is_filtered ? compiled_->RunSome(labels, scratch)
                                : compiled_->RunAll(labels, scratch);
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
