#include "agent/plan/target_diff.h"

#include <functional>
#include <string>
#include <unordered_map>
#include <utility>

namespace sluice::agent {
namespace {

using Key = std::function<std::string(const PlannedTarget&)>;
using OnPair = std::function<void(PlannedTarget&, PlannedTarget&)>;

// Takes those that have the same key out of both lists, pair by pair.
void TakePairs(std::vector<PlannedTarget>& before, std::vector<PlannedTarget>& after,
               const Key& key, const OnPair& on_pair) {
  std::unordered_multimap<std::string, size_t> known;
  for (size_t i = before.size(); i > 0; --i) known.emplace(key(before[i - 1]), i - 1);
  std::vector<bool> gone(before.size());
  std::vector<PlannedTarget> rest;
  for (PlannedTarget& target : after) {
    const auto found = known.find(key(target));
    if (found == known.end()) {
      rest.push_back(std::move(target));
      continue;
    }
    on_pair(before[found->second], target);
    gone[found->second] = true;
    known.erase(found);
  }
  std::vector<PlannedTarget> left;
  for (size_t i = 0; i < before.size(); ++i) {
    if (!gone[i]) left.push_back(std::move(before[i]));
  }
  before = std::move(left);
  after = std::move(rest);
}

std::string Whole(const PlannedTarget& target) {
  return target.url + "\n" + target.labels.ToString() + "\n" +
         std::to_string(target.interval.count()) + "\n" + std::to_string(target.timeout.count());
}

}  // namespace

TargetDiff DiffTargets(const JobTargets& before, const JobTargets& after) {
  TargetDiff diff;
  diff.unknown = after.unknown.empty() ? before.unknown : after.unknown;
  if (!diff.unknown.empty()) return diff;
  std::vector<PlannedTarget> old = before.targets;
  std::vector<PlannedTarget> next = after.targets;
  const auto change = [&](PlannedTarget& from, PlannedTarget& to) {
    diff.changed.emplace_back(std::move(from), std::move(to));
  };
  TakePairs(old, next, Whole, [&](PlannedTarget&, PlannedTarget&) { ++diff.kept; });
  TakePairs(
      old, next, [](const PlannedTarget& target) { return target.url; }, change);
  TakePairs(
      old, next, [](const PlannedTarget& target) { return target.labels.ToString(); }, change);
  diff.removed = std::move(old);
  diff.added = std::move(next);
  return diff;
}

}  // namespace sluice::agent
