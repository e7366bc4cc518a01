#include "scrape/discovery/group_book.h"

#include <utility>

namespace sluice::scrape {
namespace {

TargetGroupPtr Gone(const std::string& source) {
  auto group = std::make_shared<TargetGroup>();
  group->source = source;
  return group;
}

}  // namespace

void GroupBook::Recall(const std::vector<TargetGroupPtr>& groups) {
  for (const TargetGroupPtr& group : groups) groups_[group->source] = group;
}

std::optional<DiscoveryUpdate> GroupBook::Replace(
    TargetGroups groups, const std::map<std::string, std::string>& unknown) {
  DiscoveryUpdate update;
  update.whole = !std::exchange(told_, true);
  std::map<std::string, TargetGroupPtr> next;
  for (TargetGroup& group : groups) {
    if (group.targets.empty() || unknown.contains(group.source)) continue;
    const auto known = groups_.find(group.source);
    if (known != groups_.end() && *known->second == group) {
      next.insert(*known);
      continue;
    }
    auto shared = std::make_shared<const TargetGroup>(std::move(group));
    next[shared->source] = shared;
  }
  for (const auto& [source, group] : groups_) {
    if (unknown.contains(source)) next.emplace(source, group);
    if (!next.contains(source) && !update.whole) update.groups.push_back(Gone(source));
  }
  for (const auto& [source, group] : next) {
    const auto known = groups_.find(source);
    const bool is_news = known == groups_.end() || known->second != group;
    if (update.whole || is_news) update.groups.push_back(group);
  }
  groups_ = std::move(next);
  if (!update.whole && update.groups.empty()) return std::nullopt;
  return update;
}

TargetGroupPtr GroupBook::Note(TargetGroup group) {
  const auto known = groups_.find(group.source);
  const bool is_known = known != groups_.end();
  if (group.targets.empty()) {
    if (is_known) groups_.erase(known);
    return is_known ? Gone(group.source) : nullptr;
  }
  if (is_known && *known->second == group) return nullptr;
  auto shared = std::make_shared<const TargetGroup>(std::move(group));
  groups_[shared->source] = shared;
  return shared;
}

std::optional<DiscoveryUpdate> GroupBook::Put(TargetGroup group) {
  TargetGroups groups;
  groups.push_back(std::move(group));
  return PutAll(std::move(groups));
}

std::optional<DiscoveryUpdate> GroupBook::PutAll(TargetGroups groups) {
  DiscoveryUpdate update;
  for (TargetGroup& group : groups) {
    if (TargetGroupPtr news = Note(std::move(group))) update.groups.push_back(std::move(news));
  }
  if (update.groups.empty()) return std::nullopt;
  return update;
}

size_t GroupBook::target_count() const {
  size_t count = 0;
  for (const auto& [source, group] : groups_) count += group->targets.size();
  return count;
}

}  // namespace sluice::scrape
