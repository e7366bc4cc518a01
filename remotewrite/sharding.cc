#include "remotewrite/sharding.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/hash.h"
#include "buffer/progress.h"

namespace sluice::remotewrite {

namespace {

constexpr char kShardMark = '\x1e';

// The finish of MurmurHash3: each bit of the sum moves all others.
uint64_t Score(uint64_t series, uint64_t member) {
  uint64_t score = series ^ member;
  score ^= score >> 33;
  score *= 0xff51afd7ed558ccdULL;
  score ^= score >> 33;
  score *= 0xc4ceb9fe1a85ec53ULL;
  return score ^ (score >> 33);
}

uint64_t HashOf(std::span<const buffer::LabelView> labels) {
  std::string text;
  for (const buffer::LabelView& label : labels) {
    text.append(label.name) += '\xff';
    text.append(label.value) += '\xff';
  }
  return XxHash64(text);
}

std::vector<std::string_view> Fields(std::string_view text, char separator) {
  std::vector<std::string_view> fields;
  while (true) {
    const size_t end = text.find(separator);
    fields.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return fields;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Sharding::Sharding(std::vector<std::string> members, std::string self, uint32_t replicas)
    : members_(std::move(members)), self_(std::move(self)), replicas_(replicas) {
  std::sort(members_.begin(), members_.end());
  for (const std::string& member : members_) seeds_.push_back(XxHash64(member));
  self_place_ = static_cast<size_t>(std::lower_bound(members_.begin(), members_.end(), self_) -
                                    members_.begin());
}

bool Sharding::IsOurs(std::span<const buffer::LabelView> labels) const {
  if (seeds_.size() <= replicas_) return true;
  const uint64_t series = HashOf(labels);
  const uint64_t own = Score(series, seeds_[self_place_]);
  // Equal scores of different members do not happen: Score() is a bijection of the seeds.
  const auto before = std::count_if(seeds_.begin(), seeds_.end(),
                                    [&](uint64_t seed) { return Score(series, seed) > own; });
  return static_cast<uint64_t>(before) < replicas_;
}

std::string MemberId(std::string_view url) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const uint64_t hash = XxHash64(url);
  std::string id;
  for (int shift = 60; shift >= 40; shift -= 4) id += kDigits[(hash >> shift) & 0xf];
  return id;
}

std::string ShardName(std::string_view group, const Sharding& sharding) {
  std::string name(group);
  name += kShardMark;
  name += sharding.self();
  name += kShardMark;
  name += std::to_string(sharding.replicas());
  for (const std::string& member : sharding.members()) name.append(",").append(member);
  return name;
}

std::optional<ShardOf> ParseShardName(std::string_view name) {
  const std::vector<std::string_view> parts = Fields(name, kShardMark);
  if (parts.size() != 3) return std::nullopt;
  std::vector<std::string_view> fields = Fields(parts[2], ',');
  uint32_t replicas = 0;
  const auto [end, error] =
      std::from_chars(fields[0].data(), fields[0].data() + fields[0].size(), replicas);
  if (error != std::errc() || end != fields[0].data() + fields[0].size()) return std::nullopt;
  std::vector<std::string> members(fields.begin() + 1, fields.end());
  if (std::find(members.begin(), members.end(), parts[1]) == members.end()) return std::nullopt;
  return ShardOf{.group = std::string(parts[0]),
                 .sharding = Sharding(std::move(members), std::string(parts[1]), replicas)};
}

std::string ShownName(std::string_view name) {
  if (const auto branch = buffer::ParseBranchName(name)) name = branch->destination;
  const auto shard = ParseShardName(name);
  return shard ? shard->group + "/" + shard->sharding.self() : std::string(name);
}

const std::string& SuccessorOf(std::string_view member, const std::vector<std::string>& members) {
  const auto same = std::find(members.begin(), members.end(), member);
  if (same != members.end()) return *same;
  const uint64_t text = XxHash64(member);
  return *std::max_element(members.begin(), members.end(), [&](const auto& a, const auto& b) {
    return Score(text, XxHash64(a)) < Score(text, XxHash64(b));
  });
}

}  // namespace sluice::remotewrite
