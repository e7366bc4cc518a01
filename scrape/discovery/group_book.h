// What a discovery has told so far, and so what it has to tell next.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scrape/discovery/discovery.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Thread-compatible.
class GroupBook {
 public:
  // What is known from before the start: it stays where nothing newer is known, and is not told by
  // itself. Only before anything else.
  void Recall(const std::vector<TargetGroupPtr>& groups);

  // What is to be told so that `groups` are all that there are; nothing when that is known. Groups
  // whose source is in `unknown` (with the reason) stay as they were told last. The first update is
  // whole.
  std::optional<DiscoveryUpdate> Replace(TargetGroups groups,
                                         const std::map<std::string, std::string>& unknown = {});

  // The same for one group, whose targets may be gone. Only after a Replace().
  std::optional<DiscoveryUpdate> Put(TargetGroup group);

  // The same for several at once.
  std::optional<DiscoveryUpdate> PutAll(TargetGroups groups);

  bool told() const { return told_; }

  size_t target_count() const;

 private:
  // What is to be told of a group; null when that is known.
  TargetGroupPtr Note(TargetGroup group);

  bool told_ = false;
  std::map<std::string, TargetGroupPtr> groups_;  // by source; all have targets
};

}  // namespace sluice::scrape
