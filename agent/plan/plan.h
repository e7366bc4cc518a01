// What a reload would change, as the difference of two configurations and of what they scrape.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "relabel/labels.h"

namespace sluice::agent {

struct PlannedTarget {
  std::string url;  // without credentials
  relabel::Labels labels;
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds timeout{0};

  friend bool operator==(const PlannedTarget&, const PlannedTarget&) = default;
};

struct JobTargets {
  std::vector<PlannedTarget> targets;
  std::string unknown{};  // why they are not known; empty: they are
};

// What runs, or would.
struct PlanSide {
  std::string shown;                          // the configuration, see ShowConfig()
  std::map<std::string, JobTargets> jobs;     // by name
  std::map<std::string, uint64_t> pending{};  // samples, by name and by URL of a destination
  // Of jobs and destinations, each a text that is equal exactly when they are; none if not known.
  std::map<std::string, std::string> fingerprints{};
};

enum class Change { kKept, kAdded, kRemoved, kChanged };

struct FieldChange {
  std::string name;
  std::string before;  // in one line; empty: was not there
  std::string after;
};

// A line of a list of rules: `sign` is '-', '+' or ' '.
struct RuleLine {
  char sign = ' ';
  size_t index = 0;  // from 0, in its list
  std::string text;
};

struct RuleDiff {
  std::string name;  // "relabel_configs"
  std::vector<RuleLine> lines;
};

struct TargetDiff {
  std::vector<PlannedTarget> added;
  std::vector<PlannedTarget> removed;
  std::vector<std::pair<PlannedTarget, PlannedTarget>> changed;  // same URL or same labels
  size_t kept = 0;
  std::string unknown{};

  bool empty() const { return added.empty() && removed.empty() && changed.empty(); }
};

// Of a job, a destination, or the global section.
struct PlanItem {
  std::string name;
  Change change = Change::kKept;
  std::vector<FieldChange> fields{};
  std::vector<RuleDiff> rules{};
  TargetDiff targets{};               // jobs only
  std::optional<uint64_t> pending{};  // of a destination, where that is known
  std::string on_remove{};            // of a destination
  bool only_hidden = false;           // something changed that is not shown, as a secret
};

struct Plan {
  std::vector<FieldChange> global;
  std::vector<PlanItem> jobs;
  std::vector<PlanItem> destinations;

  bool has_changes() const;
  // Whether some targets are not known.
  bool is_incomplete() const;
};

// Pure. An error when a configuration cannot be read.
Result<Plan> MakePlan(const PlanSide& before, const PlanSide& after);

}  // namespace sluice::agent
