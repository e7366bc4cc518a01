// Keeps what a discovery tells, and checks that it keeps to the contract of discovery.h.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "scrape/discovery/discovery.h"

namespace sluice::test {

inline std::vector<std::string> Addresses(const scrape::TargetGroups& groups) {
  std::vector<std::string> addresses;
  for (const scrape::TargetGroup& group : groups) {
    for (const relabel::Labels& target : group.targets) {
      addresses.emplace_back(target.Get("__address__"));
    }
  }
  return addresses;
}

// Thread-safe.
class GroupSink {
 public:
  scrape::DiscoverySink Callback() {
    return [this](const scrape::DiscoveryUpdate& update) {
      const MutexLock lock(mu_);
      Take(update);
      changed_.NotifyAll();
    };
  }

  // Whether these are the addresses, by source, before the deadline.
  bool WaitFor(const std::vector<std::string>& addresses) {
    return WaitUntil([&] { return calls_ > 0 && Addresses(Groups()) == addresses; });
  }

  bool WaitForCalls(int calls) {
    return WaitUntil([&] { return calls_ >= calls; });
  }

  // Sorted by source.
  scrape::TargetGroups groups() {
    const MutexLock lock(mu_);
    return Groups();
  }

  int calls() {
    const MutexLock lock(mu_);
    return calls_;
  }

  // What broke the contract; empty if nothing did.
  std::string breach() {
    const MutexLock lock(mu_);
    return breach_;
  }

 private:
  void Take(const scrape::DiscoveryUpdate& update) {
    if (++calls_ == 1 && !update.whole) breach_ = "the first update is not whole";
    if (update.whole) groups_.clear();
    for (const scrape::TargetGroupPtr& group : update.groups) {
      const auto known = groups_.find(group->source);
      if (group->targets.empty()) {
        if (known == groups_.end()) breach_ = "a group is gone that never was: " + group->source;
        groups_.erase(group->source);
        continue;
      }
      if (known != groups_.end() && *known->second == *group) {
        breach_ = "a group is told again: " + group->source;
      }
      groups_[group->source] = group;
    }
  }

  scrape::TargetGroups Groups() const {
    scrape::TargetGroups groups;
    for (const auto& [source, group] : groups_) groups.push_back(*group);
    return groups;
  }

  bool WaitUntil(const std::function<bool()>& ready) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    const MutexLock lock(mu_);
    while (!ready()) {
      if (std::chrono::steady_clock::now() > end) return false;
      changed_.WaitFor(mu_, std::chrono::milliseconds(100));
    }
    return breach_.empty();
  }

  Mutex mu_;
  CondVar changed_;
  int calls_ = 0;
  std::string breach_;
  std::map<std::string, scrape::TargetGroupPtr> groups_;
};

}  // namespace sluice::test
