#include "agent/vmagent/scrape_dialect.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include "agent/config/yaml_tree.h"
#include "agent/vmagent/vmagent_rules.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

// Mechanisms whose flag is -promscrape.NAMESDCheckInterval and whose section is NAME_sd_configs.
constexpr std::array<std::string_view, 19> kMechanisms = {
    "azure",    "consul", "digitalocean", "dns",      "docker", "dockerswarm", "ec2",
    "eureka",   "file",   "gce",          "hetzner",  "http",   "kuma",        "linode",
    "marathon", "nomad",  "openstack",    "puppetdb", "vultr"};

// Fields that say how vmagent works, and nothing about samples.
constexpr std::array<std::string_view, 4> kInternalFields = {
    "stream_parse", "disable_keepalive", "relabel_debug", "metric_relabel_debug"};

// Fields whose effect is missed.
constexpr std::array<std::string_view, 4> kMissedFields = {"series_limit", "scrape_align_interval",
                                                           "scrape_offset", "no_stale_markers"};

void Remove(YamlNode& map, std::string_view name) {
  std::erase_if(map.entries, [&](const YamlEntry& entry) { return entry.first.scalar == name; });
}

void Expand(const Environment& environment, YamlNode& node) {
  if (node.kind == Kind::kScalar && node.scalar.find("%{") != std::string::npos) {
    node.scalar = ExpandVmagentText(node.scalar, environment);
  }
  for (YamlNode& item : node.items) Expand(environment, item);
  for (YamlEntry& entry : node.entries) Expand(environment, entry.second);
}

void Rename(YamlNode& map, std::string_view from, std::string_view to) {
  for (YamlEntry& entry : map.entries) {
    if (entry.first.scalar == from) entry.first.scalar = to;
  }
}

// `["Name: value"]` is {Name: {values: [value]}}.
void AdaptHeaders(YamlNode& job) {
  const YamlNode* const headers = FindEntry(job, "headers");
  if (headers == nullptr || headers->kind != Kind::kSequence) return;
  YamlNode map = EmptyMap();
  for (const YamlNode& item : headers->items) {
    const std::string_view text = item.scalar;
    const size_t colon = std::min(text.find(':'), text.size());
    const size_t value = text.find_first_not_of(' ', colon + 1);
    YamlNode values = EmptyList();
    values.items.push_back(
        TextNode(value == std::string_view::npos ? std::string_view() : text.substr(value)));
    YamlNode header = EmptyMap();
    SetEntry(header, "values", std::move(values));
    SetEntry(map, text.substr(0, colon), std::move(header));
  }
  Remove(job, "headers");
  SetEntry(job, "http_headers", std::move(map));
}

class JobAdapter {
 public:
  JobAdapter(const VmagentValues& values, YamlNode& global, std::vector<std::string>& warnings)
      : values_(values), global_(global), warnings_(warnings) {}

  void Adapt(YamlNode& job) const {
    if (job.kind != Kind::kMap) return;
    AdaptCompression(job);
    AdaptHeaders(job);
    Rename(job, "max_scrape_size", "body_size_limit");
    SetDefaultEntry(job, "body_size_limit",
                    ScalarNode(values_.Text("promscrape.maxScrapeSize", "16MiB")));
    YamlNode& limit = *FindEntry(job, "body_size_limit");
    limit.scalar = SizeText(limit.scalar);
    SetDefaultEntry(job, "honor_timestamps", FlagNode(false));
    SetDefaultEntry(job, "respell_labels", FlagNode(false));
    for (const std::string_view name : kInternalFields) Remove(job, name);
    for (const std::string_view name : kMissedFields) {
      if (FindEntry(job, name) == nullptr) continue;
      Remove(job, name);
      warnings_.push_back("scrape_configs: " + std::string(name) +
                          " of vmagent has no effect here and is ignored");
    }
    for (const std::string_view name : {"relabel_configs", "metric_relabel_configs"}) {
      PrependGlobalRules(job, name);
    }
    SetIntervals(job);
  }

 private:
  void AdaptCompression(YamlNode& job) const {
    const YamlNode* const disabled = FindEntry(job, "disable_compression");
    const bool off = disabled == nullptr ? values_.On("promscrape.disableCompression")
                                         : disabled->scalar == "true";
    Remove(job, "disable_compression");
    if (off) SetDefaultEntry(job, "enable_compression", FlagNode(false));
  }

  void PrependGlobalRules(YamlNode& job, std::string_view name) const {
    const YamlNode* const global = FindEntry(global_, name);
    YamlNode rules = global == nullptr ? EmptyList() : *global;
    YamlNode* const own = FindEntry(job, name);
    if (own != nullptr) {
      std::copy(own->items.begin(), own->items.end(), std::back_inserter(rules.items));
    }
    AdaptRules(rules);
    if (!rules.items.empty()) SetEntry(job, name, std::move(rules));
  }

  void SetIntervals(YamlNode& job) const {
    for (const std::string_view mechanism : kMechanisms) {
      const std::string interval =
          values_.Text("promscrape." + std::string(mechanism) + "SDCheckInterval");
      YamlNode* const sections = FindEntry(job, std::string(mechanism) + "_sd_configs");
      if (interval.empty() || sections == nullptr) continue;
      for (YamlNode& section : sections->items) {
        if (section.kind != Kind::kMap) continue;
        SetDefaultEntry(section, "refresh_interval", ScalarNode(interval));
      }
    }
  }

  const VmagentValues& values_;
  YamlNode& global_;
  std::vector<std::string>& warnings_;
};

}  // namespace

void AdaptScrapeConfig(const VmagentValues& values, const Environment& environment, YamlNode& root,
                       std::vector<std::string>& warnings) {
  if (root.kind == Kind::kNull) root = EmptyMap();
  if (root.kind != Kind::kMap) return;
  Expand(environment, root);
  SetDefaultEntry(root, "global", EmptyMap());
  if (YamlNode* const jobs = FindEntry(root, "scrape_configs")) {
    const JobAdapter adapter(values, *FindEntry(root, "global"), warnings);
    for (YamlNode& job : jobs->items) adapter.Adapt(job);
  }
  YamlNode& global = *FindEntry(root, "global");
  Remove(global, "relabel_configs");
  Remove(global, "metric_relabel_configs");
  // vmagent asks for this format alone.
  YamlNode protocols = EmptyList();
  protocols.items.push_back(TextNode("PrometheusText0.0.4"));
  SetDefaultEntry(global, "scrape_protocols", std::move(protocols));
}

void AdaptScrapeFile(const VmagentValues& values, const Environment& environment, YamlNode& root,
                     std::vector<std::string>& warnings) {
  if (root.kind == Kind::kSequence) {
    YamlNode map = EmptyMap();
    SetEntry(map, "scrape_configs", std::move(root));
    root = std::move(map);
  }
  AdaptScrapeConfig(values, environment, root, warnings);
  Remove(root, "global");
}

}  // namespace sluice::agent
