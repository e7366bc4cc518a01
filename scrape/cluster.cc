#include "scrape/cluster.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::scrape {
namespace {

constexpr char kSeparator = '\xff';

uint64_t Weight(uint64_t target_hash, uint32_t member) {
  std::array<char, 12> bytes{};
  for (size_t i = 0; i < 8; ++i) bytes.at(i) = static_cast<char>((target_hash >> (8 * i)) & 0xff);
  for (size_t i = 0; i < 4; ++i) bytes.at(8 + i) = static_cast<char>((member >> (8 * i)) & 0xff);
  return XxHash64({bytes.data(), bytes.size()});
}

}  // namespace

Result<uint32_t> ParseMemberNumber(std::string_view text) {
  const size_t dash = text.rfind('-');
  const std::string_view digits = dash == std::string_view::npos ? text : text.substr(dash + 1);
  uint32_t number = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size();
  if (!whole) {
    return InvalidInput(QuoteText(text) + " is neither a number nor a name that ends with -NUMBER");
  }
  return number;
}

Status CheckCluster(const ClusterConfig& cluster) {
  if (cluster.members > ClusterConfig::kMembersMax) {
    return InvalidInput("a cluster has at most " + std::to_string(ClusterConfig::kMembersMax) +
                        " members");
  }
  if (cluster.is_on() && cluster.member >= cluster.members) {
    return InvalidInput("member " + std::to_string(cluster.member) + " of a cluster of " +
                        std::to_string(cluster.members) + ": members are counted from 0");
  }
  if (cluster.replication == 0) return InvalidInput("the replication factor is at least 1");
  return {};
}

uint64_t ClusterHash(std::string_view url, const relabel::Labels& labels) {
  std::string text(url);
  text += kSeparator;
  for (const relabel::Label& label : labels) {
    text.append(label.name) += kSeparator;
    text.append(label.value) += kSeparator;
  }
  return XxHash64(text);
}

std::vector<uint32_t> ScrapingMembers(const ClusterConfig& cluster, uint64_t target_hash) {
  std::vector<std::pair<uint64_t, uint32_t>> weights;
  for (uint32_t member = 0; member < cluster.members; ++member) {
    weights.emplace_back(Weight(target_hash, member), member);
  }
  const auto before = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  const size_t count = std::min<size_t>(cluster.replication, weights.size());
  std::partial_sort(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(count),
                    weights.end(), before);
  std::vector<uint32_t> members;
  for (size_t i = 0; i < count; ++i) members.push_back(weights[i].second);
  return members;
}

std::string ScrapedBy(const std::vector<uint32_t>& members) {
  std::string text = members.size() == 1 ? "scraped by member " : "scraped by members ";
  for (size_t i = 0; i < members.size(); ++i) {
    const bool is_last = i + 1 == members.size();
    if (i > 0) text += is_last ? " and " : ", ";
    text += std::to_string(members[i]);
  }
  return text;
}

bool IsScrapedHere(const ClusterConfig& cluster, uint64_t target_hash) {
  if (!cluster.is_on() || cluster.replication >= cluster.members) return true;
  const uint64_t own = Weight(target_hash, cluster.member);
  uint32_t before = 0;
  for (uint32_t member = 0; member < cluster.members; ++member) {
    if (member == cluster.member) continue;
    const uint64_t weight = Weight(target_hash, member);
    const bool is_before = weight != own ? weight > own : member < cluster.member;
    if (is_before && ++before == cluster.replication) return false;
  }
  return true;
}

}  // namespace sluice::scrape
