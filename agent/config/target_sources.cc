#include "agent/config/target_sources.h"

#include <array>
#include <filesystem>
#include <utility>

#include "base/utf8.h"
#include "relabel/labels.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 2> kGroupFields = {"targets", "labels"};

relabel::Labels DecodeGroupLabels(const Value& value) {
  std::vector<relabel::Label> labels;
  for (const auto& entry : value.Entries("model.LabelSet")) {
    if (!relabel::IsUtf8LabelName(entry.first)) {
      value.Fail(QuoteText(entry.first) + " is not a valid label name");
    }
    std::string text = entry.second.Text();
    if (!IsValidUtf8(text)) entry.second.Fail(QuoteText(text) + " is not a valid label value");
    labels.push_back({entry.first, std::move(text)});
  }
  return relabel::Labels::From(std::move(labels));
}

scrape::TargetGroup DecodeGroup(const Value& value, bool has_relabeling) {
  scrape::TargetGroup group;
  const Fields fields(value, "targetgroup.plain", {kGroupFields});
  if (const auto targets = fields.Find("targets")) {
    for (const Value& target : targets->Items("[]string")) {
      const std::string address = target.Text();
      if (!has_relabeling && address.find('/') != std::string::npos) {
        target.Fail(QuoteText(address) + " is not a valid hostname");
      }
      group.targets.push_back(relabel::Labels{{"__address__", address}});
    }
  }
  if (const auto labels = fields.Find("labels")) group.labels = DecodeGroupLabels(*labels);
  return group;
}

}  // namespace

std::vector<scrape::TargetGroup> DecodeStaticConfigs(const Value& list, bool has_relabeling) {
  std::vector<scrape::TargetGroup> groups;
  for (const Value& item : list.Items("discovery.StaticConfig")) {
    if (item.is_null()) item.Fail("empty or null section in static_configs");
    scrape::TargetGroup group = DecodeGroup(item, has_relabeling);
    group.source = std::to_string(groups.size());
    groups.push_back(std::move(group));
  }
  return groups;
}

std::string ResolvePath(const std::string& path, const std::string& config_file) {
  const std::filesystem::path given(path);
  if (path.empty() || given.is_absolute()) return path;
  return (std::filesystem::path(config_file).parent_path() / given).lexically_normal().string();
}

}  // namespace sluice::agent
