// What discovery finds: targets that share labels.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "relabel/labels.h"

namespace sluice::scrape {

// As static_configs and every discovery mechanism give them. A value.
struct TargetGroup {
  // Names the group among those of its discovery, e.g. "path/file.json:0".
  std::string source;
  std::vector<relabel::Labels> targets;  // each has at least __address__
  relabel::Labels labels;                // a target's own labels win over these

  friend bool operator==(const TargetGroup&, const TargetGroup&) = default;
};

using TargetGroups = std::vector<TargetGroup>;

// Shared by the jobs that have the same discovery, and never changed.
using TargetGroupPtr = std::shared_ptr<const TargetGroup>;

}  // namespace sluice::scrape
