// Relabeling rules as a configuration file states them, before compilation.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::relabel {

enum class Action {
  kReplace,
  kKeep,
  kDrop,
  kKeepEqual,
  kDropEqual,
  kHashMod,
  kLabelMap,
  kLabelDrop,
  kLabelKeep,
  kLowercase,
  kUppercase,
};

std::string_view ActionName(Action action);
// Case-insensitive; otherwise `unknown relabel action "x"`.
Result<Action> ParseAction(std::string_view name);

// Which names a rule may produce: Prometheus's metric_name_validation_scheme.
enum class NameScheme { kUtf8, kLegacy };

struct Rule {
  Action action = Action::kReplace;
  std::vector<std::string> source_labels;
  std::string separator = ";";
  // Absent: the default "(.*)". Prometheus tells a written "(.*)" from an absent one in places.
  std::optional<std::string> regex;
  uint64_t modulus = 0;
  std::string target_label;
  std::string replacement = "$1";

  friend bool operator==(const Rule&, const Rule&) = default;
};

// Prometheus's load-time checks and messages (reference: relabel_config validation).
Status Validate(const Rule& rule, NameScheme scheme);

}  // namespace sluice::relabel
