#include "agent/api/metadata_api.h"

#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "agent/api/json_tree.h"
#include "base/hash.h"
#include "base/json_text.h"
#include "buffer/chunk.h"
#include "scrape/metric_type_name.h"
#include "scrape/series.h"

namespace sluice::agent {
namespace {

struct FamilyText {
  std::string name;
  std::string_view type;
  std::string help;
  std::string unit;

  auto Content() const { return std::tie(type, help, unit); }

  bool operator<(const FamilyText& other) const { return Content() < other.Content(); }

  Json ToJson() const { return Json{{"type", type}, {"help", help}, {"unit", unit}}; }
};

// Reads families out of layouts. Like targets share their chunks: each is decoded once.
class FamilyReader {
 public:
  FamilyReader() {
    // A target does not expose what its scrapes report of it.
    known_[scrape::MakeReportChunk()->id];
    known_[scrape::MakeExtraReportChunk()->id];
  }

  // Calls `visit` for each family of the layout, or the one of that name.
  template <class Visit>
  Status Read(const scrape::TargetStatus& target, std::string_view metric, const Visit& visit) {
    if (target.layout == nullptr) return Status::Ok();
    std::unordered_set<std::string_view> seen;
    for (const auto& chunk : target.layout->chunks) {
      const auto families = Of(*chunk);
      if (!families.ok()) return families.error().WithContext(target.url);
      for (const FamilyText& family : **families) {
        if (!metric.empty() && family.name != metric) continue;
        if (seen.insert(family.name).second) visit(family);
      }
    }
    return Status::Ok();
  }

 private:
  using Families = std::vector<FamilyText>;

  Result<const Families*> Of(const buffer::Chunk& chunk) {
    const auto [entry, is_new] = known_.try_emplace(chunk.id);
    if (!is_new) return &entry->second;
    const Result<buffer::DecodedChunk> decoded = buffer::DecodedChunk::Decode(chunk.stored);
    if (!decoded.ok()) return decoded.error();
    for (const buffer::FamilyView& family : decoded->families) {
      if (family.name.empty()) continue;
      entry->second.push_back({.name = std::string(family.name),
                               .type = scrape::MetricTypeName(family.type),
                               .help = std::string(family.help),
                               .unit = std::string(family.unit)});
    }
    return &entry->second;
  }

  std::unordered_map<ContentId, Families> known_;  // by chunk
};

}  // namespace

Result<std::string> TargetMetadataJson(const std::vector<scrape::TargetStatus>& targets,
                                       const TargetMetadataQuery& query) {
  FamilyReader reader;
  std::string list;
  int64_t count = 0;
  for (const scrape::TargetStatus& target : targets) {
    if (query.limit && *query.limit >= 0 && count >= *query.limit) break;
    if (!query.match_target.Matches(target.labels)) continue;
    const Json labels = LabelsJson(target.labels);
    Status read = reader.Read(target, query.metric, [&](const FamilyText& family) {
      Json entry{{"target", labels}};
      if (query.metric.empty()) entry["metric"] = family.name;
      entry.update(family.ToJson());
      if (count++ > 0) list += ',';
      list += Dump(entry);
    });
    if (!read.ok()) return read.error();
  }
  return "[" + list + "]";
}

Result<std::string> MetadataJson(const std::vector<scrape::TargetStatus>& targets,
                                 const MetadataQuery& query) {
  FamilyReader reader;
  std::map<std::string, std::set<FamilyText>> metrics;
  for (const scrape::TargetStatus& target : targets) {
    Status read = reader.Read(target, query.metric, [&](const FamilyText& family) {
      std::set<FamilyText>& entries = metrics[family.name];
      const auto limit = query.limit_per_metric.value_or(0);
      if (limit > 0 && entries.size() >= static_cast<uint64_t>(limit)) return;
      entries.insert(family);
    });
    if (!read.ok()) return read.error();
  }
  std::string all;
  uint64_t count = 0;
  for (const auto& [name, entries] : metrics) {
    if (query.limit && *query.limit >= 0 && count >= static_cast<uint64_t>(*query.limit)) break;
    Json list = Json::array();
    for (const FamilyText& entry : entries) list.push_back(entry.ToJson());
    if (count++ > 0) all += ',';
    AppendJsonString(all, name);
    all.append(":").append(Dump(list));
  }
  return "{" + all + "}";
}

}  // namespace sluice::agent
