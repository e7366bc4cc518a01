// Finding out which rules may do something, where there are many and most do nothing.
#include <algorithm>

#include "relabel/internal/compiled_program.h"
#include "relabel/internal/text_hints.h"

namespace sluice::relabel {
namespace {

// With fewer rules, trying each of them takes less time than finding out which may match.
constexpr size_t kFilteredRulesMin = 8;

bool SetsLabels(Action action) {
  return action != Action::kKeep && action != Action::kDrop && action != Action::kKeepEqual &&
         action != Action::kDropEqual;
}

// Whether the rule says which label it sets, if any.
bool SetsOneLabel(const Step& step, const Rule& rule) {
  switch (rule.action) {
    case Action::kReplace:
      return step.target.is_plain();
    case Action::kLabelMap:
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      return false;
    default:
      return true;
  }
}

}  // namespace

void Program::Compiled::MakeFilters() {
  is_filtered = rules.size() >= kFilteredRulesMin;
  if (!is_filtered) return;
  idle = NumberSet(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    const Action action = rules[i].action;
    const std::vector<TextHint> hints =
        HintsOf(rules[i].regex.value_or(std::string(kDefaultRegex)));
    if (action == Action::kLabelMap || action == Action::kLabelDrop) {
      names.Add(i, hints);
    } else if ((action == Action::kDrop || action == Action::kReplace) && !hints.empty()) {
      WatchOf(i).filter.Add(i, hints);
    } else {
      idle.Add(i);
    }
  }
  Scratch scratch;
  for (size_t w = 0; w < watches.size(); ++w) {
    watches[w].filter.Build();
    const Rule& rule = rules[watches[w].rule];
    watches[w].filter.Test(Join(rule, LabelsBuilder(), scratch.joined), idle);
    std::vector<TextHint> sources;
    for (const std::string& source : rule.source_labels) {
      sources.push_back({TextHint::Kind::kWhole, source});
    }
    if (!sources.empty()) names.Add(steps.size() + w, sources);
  }
  names.Build();
}

Watch& Program::Compiled::WatchOf(size_t step) {
  const auto found = std::find_if(watches.begin(), watches.end(), [&](const Watch& watch) {
    return rules[watch.rule].source_labels == rules[step].source_labels &&
           rules[watch.rule].separator == rules[step].separator;
  });
  return found != watches.end() ? *found : watches.emplace_back(Watch{step, {}});
}

// Adds the steps that may do something because of these labels, which are some of all.
void Program::Compiled::LookAt(std::span<const Label> labels, const LabelsBuilder& all,
                               Scratch& scratch) const {
  NumberSet& found = scratch.found;
  found.Reset(steps.size() + watches.size());
  for (const Label& label : labels) names.Test(label.name, found);
  const size_t count = steps.size() + watches.size();
  size_t i = found.Next(0);
  for (; i < steps.size(); i = found.Next(i + 1)) scratch.active.Add(i);
  for (; i < count; i = found.Next(i + 1)) {
    const Watch& watch = watches[i - steps.size()];
    watch.filter.Test(Join(rules[watch.rule], all, scratch.joined), scratch.active);
  }
}

// What a step sets may make others match that did not before. That some do not match any more they
// find out themselves.
bool Program::Compiled::RunSome(LabelsBuilder& labels, Scratch& scratch) const {
  NumberSet& active = scratch.active;
  active = idle;
  LookAt(labels.labels(), labels, scratch);
  for (size_t i = active.Next(0); i < steps.size(); i = active.Next(i + 1)) {
    if (!Run(steps[i], labels, scratch)) return false;
    if (!SetsLabels(rules[i].action)) continue;
    if (SetsOneLabel(steps[i], rules[i])) {
      LookAt(labels.Find(rules[i].target_label), labels, scratch);
    } else {
      LookAt(labels.labels(), labels, scratch);
    }
  }
  return true;
}

}  // namespace sluice::relabel
