// A playground for relabeling rules.
#pragma once

#include <string>
#include <vector>

#include "agent/explain/explanation.h"
#include "agent/pages/html.h"
#include "relabel/labels.h"

namespace sluice::agent {

// What the rules make of one label set.
struct RelabelTrial {
  std::string text{};   // as it was typed
  std::string error{};  // why that is no label set
  bool kept = true;
  relabel::Labels result{};  // of what is kept
  std::vector<RuleStep> steps{};
};

struct RelabelView {
  std::string rules{};  // as they were typed, here and below
  std::string labels{};
  std::string error{};  // of the rules
  std::vector<RelabelTrial> trials{};
};

// More label sets are not tried.
inline constexpr size_t kTrialsMax = 50;

// Tries rules, YAML as under relabel_configs, on label sets, one on each line. Pure.
RelabelView TryRules(std::string rules, std::string labels);

Html RelabelPage(const RelabelView& view);

}  // namespace sluice::agent
