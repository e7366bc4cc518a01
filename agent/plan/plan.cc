#include "agent/plan/plan.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/plan/rule_diff.h"
#include "agent/plan/target_diff.h"
#include "base/utf8.h"
#include "base/yaml.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 3> kRuleLists = {"relabel_configs", "metric_relabel_configs",
                                                        "write_relabel_configs"};

const YamlNode kNothing;

const YamlNode& Field(const YamlNode& map, std::string_view name) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [&](const auto& entry) { return entry.first.scalar == name; });
  return found == map.entries.end() ? kNothing : found->second;
}

bool IsRuleList(std::string_view name) {
  return std::find(kRuleLists.begin(), kRuleLists.end(), name) != kRuleLists.end();
}

// In one line, for people.
std::string Inline(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "";
    case YamlNode::Kind::kScalar:
      return node.quoted || node.scalar.empty() ? QuoteText(node.scalar) : node.scalar;
    case YamlNode::Kind::kSequence: {
      std::string text;
      for (const YamlNode& item : node.items) text += (text.empty() ? "" : ", ") + Inline(item);
      return "[" + text + "]";
    }
    case YamlNode::Kind::kMap: {
      std::string text;
      for (const YamlEntry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + entry.first.scalar + ": " + Inline(entry.second);
      }
      return "{" + text + "}";
    }
  }
  return "";
}

std::vector<FieldChange> DiffFields(const YamlNode& before, const YamlNode& after) {
  std::vector<FieldChange> changes;
  const auto compare = [&](const std::string& name) {
    if (IsRuleList(name)) return;
    std::string old_text = Inline(Field(before, name));
    std::string new_text = Inline(Field(after, name));
    if (old_text != new_text) changes.push_back({name, std::move(old_text), std::move(new_text)});
  };
  for (const YamlEntry& entry : before.entries) compare(entry.first.scalar);
  for (const YamlEntry& entry : after.entries) {
    if (Field(before, entry.first.scalar).kind == YamlNode::Kind::kNull) {
      compare(entry.first.scalar);
    }
  }
  return changes;
}

std::vector<RuleDiff> DiffRuleLists(const YamlNode& before, const YamlNode& after) {
  std::vector<RuleDiff> diffs;
  for (const std::string_view name : kRuleLists) {
    std::vector<std::string> old_rules;
    std::vector<std::string> new_rules;
    for (const YamlNode& rule : Field(before, name).items) old_rules.push_back(Inline(rule));
    for (const YamlNode& rule : Field(after, name).items) new_rules.push_back(Inline(rule));
    if (old_rules != new_rules) {
      diffs.push_back({std::string(name), DiffRules(old_rules, new_rules)});
    }
  }
  return diffs;
}

// An item of a list by what it is called: `key`, or else `other_key`.
using Items = std::vector<std::pair<std::string, const YamlNode*>>;

Items ItemsOf(const YamlNode& list, std::string_view key, std::string_view other_key) {
  Items items;
  for (const YamlNode& item : list.items) {
    const std::string& name = Field(item, key).scalar;
    items.emplace_back(name.empty() ? Field(item, other_key).scalar : name, &item);
  }
  return items;
}

const YamlNode* Find(const Items& items, const std::string& name) {
  const auto found = std::find_if(items.begin(), items.end(),
                                  [&](const auto& item) { return item.first == name; });
  return found == items.end() ? nullptr : found->second;
}

// Jobs of further files are not shown.
void AddJobsOf(const PlanSide& side, Items& items) {
  for (const auto& [name, targets] : side.jobs) {
    if (Find(items, name) == nullptr) items.emplace_back(name, &kNothing);
  }
}

class Planner {
 public:
  Planner(const PlanSide& before, const PlanSide& after) : before_(before), after_(after) {}

  Plan Run(const YamlNode& before, const YamlNode& after) {
    Plan plan;
    plan.global = DiffFields(Field(before, "global"), Field(after, "global"));
    Items old_jobs = ItemsOf(Field(before, "scrape_configs"), "job_name", "job_name");
    Items new_jobs = ItemsOf(Field(after, "scrape_configs"), "job_name", "job_name");
    AddJobsOf(before_, old_jobs);
    AddJobsOf(after_, new_jobs);
    plan.jobs = Compare(old_jobs, new_jobs, [this](const std::string& name, PlanItem& item) {
      item.targets = DiffTargets(TargetsOf(before_, name), TargetsOf(after_, name));
    });
    plan.destinations = Compare(ItemsOf(Field(before, "remote_write"), "name", "url"),
                                ItemsOf(Field(after, "remote_write"), "name", "url"),
                                [this](const std::string& name, PlanItem& item) {
                                  const auto pending = before_.pending.find(name);
                                  if (pending != before_.pending.end()) {
                                    item.pending = pending->second;
                                  }
                                });
    return plan;
  }

 private:
  static JobTargets TargetsOf(const PlanSide& side, const std::string& job) {
    const auto found = side.jobs.find(job);
    return found == side.jobs.end() ? JobTargets() : found->second;
  }

  // In the order of the new list, then those that are no more.
  template <class Complete>
  std::vector<PlanItem> Compare(const Items& before, const Items& after, Complete complete) {
    std::vector<PlanItem> items;
    for (const auto& [name, node] : after) {
      const YamlNode* const old = Find(before, name);
      PlanItem item{.name = name};
      if (old == nullptr) item.change = Change::kAdded;
      if (old != nullptr) DiffItem(*old, *node, item);
      complete(name, item);
      if (item.change == Change::kKept && !item.targets.empty()) item.change = Change::kChanged;
      items.push_back(std::move(item));
    }
    for (const auto& [name, node] : before) {
      if (Find(after, name) != nullptr) continue;
      PlanItem item{.name = name, .change = Change::kRemoved};
      item.on_remove = Field(*node, "on_remove").scalar;
      complete(name, item);
      items.push_back(std::move(item));
    }
    return items;
  }

  void DiffItem(const YamlNode& before, const YamlNode& after, PlanItem& item) const {
    item.fields = DiffFields(before, after);
    item.rules = DiffRuleLists(before, after);
    const auto old_print = before_.fingerprints.find(item.name);
    const auto new_print = after_.fingerprints.find(item.name);
    const bool differ = old_print != before_.fingerprints.end() &&
                        new_print != after_.fingerprints.end() &&
                        old_print->second != new_print->second;
    const bool is_shown = !item.fields.empty() || !item.rules.empty();
    item.only_hidden = differ && !is_shown;
    if (is_shown || differ) item.change = Change::kChanged;
  }

  const PlanSide& before_;
  const PlanSide& after_;
};

}  // namespace

bool Plan::has_changes() const {
  const auto changes = [](const PlanItem& item) { return item.change != Change::kKept; };
  return !global.empty() || std::any_of(jobs.begin(), jobs.end(), changes) ||
         std::any_of(destinations.begin(), destinations.end(), changes);
}

bool Plan::is_incomplete() const {
  return std::any_of(jobs.begin(), jobs.end(),
                     [](const PlanItem& item) { return !item.targets.unknown.empty(); });
}

Result<Plan> MakePlan(const PlanSide& before, const PlanSide& after) {
  const Result<YamlNode> old_root = ParseYaml(before.shown, "old configuration");
  if (!old_root.ok()) return old_root.error();
  const Result<YamlNode> new_root = ParseYaml(after.shown, "new configuration");
  if (!new_root.ok()) return new_root.error();
  return Planner(before, after).Run(*old_root, *new_root);
}

}  // namespace sluice::agent
