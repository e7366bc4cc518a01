// Sharding: the series of a group of destinations spread over its members.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"

namespace sluice::remotewrite {

// Which series one member gets: by rendezvous hashing of their labels, so that a member that comes
// or goes moves only its share. Immutable.
class Sharding {
 public:
  // Of nobody: there is no sharding, everything is ours.
  Sharding() = default;
  // `members` without `self` have no meaning. Each series goes to `replicas` of them.
  Sharding(std::vector<std::string> members, std::string self, uint32_t replicas);

  bool is_on() const { return !members_.empty(); }

  // `labels` as they are sent.
  bool IsOurs(std::span<const buffer::LabelView> labels) const;

  const std::string& self() const { return self_; }

  const std::vector<std::string>& members() const { return members_; }

  uint32_t replicas() const { return replicas_; }

 private:
  std::vector<std::string> members_;  // sorted
  std::vector<uint64_t> seeds_;       // of the members
  size_t self_place_ = 0;
  std::string self_;
  uint32_t replicas_ = 1;
};

// The id of a member: six hexadecimal digits of a hash of its URL. Must stay as it is for ever.
std::string MemberId(std::string_view url);

// The destination's name of a member. It says how series were spread when its frames came to be
// pending for it: with other members it is another name, and what is left of the old one is
// delivered as it would have been. No name in a configuration looks like it.
std::string ShardName(std::string_view group, const Sharding& sharding);

struct ShardOf {
  std::string group;
  Sharding sharding;
};

// Nothing when it is the name of no shard.
std::optional<ShardOf> ParseShardName(std::string_view name);

// The name as statuses show it: of a branch its destination's, of a shard `GROUP/MEMBER`.
std::string ShownName(std::string_view name);

// The member that gets what is left for `member`: itself, unless it is gone. `members` not empty.
const std::string& SuccessorOf(std::string_view member, const std::vector<std::string>& members);

}  // namespace sluice::remotewrite
