#include "agent/config/shown_config.h"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>

#include "agent/config/hidden_secrets.h"
#include "agent/config/yaml_text.h"
#include "agent/config/yaml_tree.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

constexpr std::string_view kTopOrder[] = {"global",
                                          "runtime",
                                          "alerting",
                                          "rule_files",
                                          "scrape_config_files",
                                          "scrape_configs",
                                          "storage",
                                          "tracing",
                                          "remote_write",
                                          "remote_read",
                                          "otlp"};

constexpr std::string_view kGlobalOrder[] = {
    "scrape_interval",   "scrape_timeout", "scrape_protocols",        "evaluation_interval",
    "rule_query_offset", "query_log_file", "scrape_failure_log_file", "external_labels"};

constexpr std::string_view kJobOrder[] = {"job_name",
                                          "honor_labels",
                                          "honor_timestamps",
                                          "track_timestamps_staleness",
                                          "params",
                                          "scrape_interval",
                                          "scrape_timeout",
                                          "scrape_protocols",
                                          "fallback_scrape_protocol",
                                          "scrape_native_histograms",
                                          "always_scrape_classic_histograms",
                                          "convert_classic_histograms_to_nhcb",
                                          "scrape_failure_log_file",
                                          "metrics_path",
                                          "scheme",
                                          "enable_compression",
                                          "body_size_limit",
                                          "sample_limit",
                                          "sample_limit_policy",
                                          "target_limit",
                                          "label_limit",
                                          "label_name_length_limit",
                                          "label_value_length_limit",
                                          "native_histogram_bucket_limit",
                                          "native_histogram_min_bucket_factor",
                                          "keep_dropped_targets",
                                          "metric_name_validation_scheme",
                                          "metric_name_escaping_scheme",
                                          "extra_scrape_metrics",
                                          "discovery_grace",
                                          "basic_auth",
                                          "authorization",
                                          "oauth2",
                                          "bearer_token",
                                          "bearer_token_file",
                                          "tls_config",
                                          "follow_redirects",
                                          "enable_http2",
                                          "proxy_url",
                                          "no_proxy",
                                          "proxy_from_environment",
                                          "proxy_connect_header",
                                          "http_headers",
                                          "relabel_configs",
                                          "metric_relabel_configs"};

constexpr std::string_view kWriteOrder[] = {"url", "remote_timeout", "headers",
                                            "write_relabel_configs", "name"};

constexpr std::pair<std::string_view, std::string_view> kRuleDefaults[] = {
    {"separator", ";"}, {"replacement", "$1"}, {"action", "replace"}};
constexpr std::pair<std::string_view, std::string_view> kWriteDefaults[] = {
    {"remote_timeout", "30s"},
    {"protobuf_message", "prometheus.WriteRequest"},
    {"follow_redirects", "true"},
    {"enable_http2", "false"}};
constexpr std::pair<std::string_view, std::string_view> kQueueDefaults[] = {
    {"capacity", "10000"},         {"max_shards", "50"},
    {"min_shards", "1"},           {"max_samples_per_send", "20000"},
    {"batch_send_deadline", "5s"}, {"min_backoff", "30ms"},
    {"max_backoff", "5s"}};

bool IsAmong(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void SetDefaults(YamlNode& map,
                 std::span<const std::pair<std::string_view, std::string_view>> defaults) {
  for (const auto& [name, text] : defaults) SetDefaultEntry(map, name, ScalarNode(text));
}

// The fields of `order` first, then the others as they are.
void Sort(YamlNode& map, std::span<const std::string_view> order) {
  const auto rank = [order](const YamlEntry& entry) {
    return std::find(order.begin(), order.end(), entry.first.scalar) - order.begin();
  };
  std::stable_sort(map.entries.begin(), map.entries.end(),
                   [rank](const YamlEntry& a, const YamlEntry& b) { return rank(a) < rank(b); });
}

void DropNulls(YamlNode& map) {
  std::erase_if(map.entries,
                [](const YamlEntry& entry) { return entry.second.kind == Kind::kNull; });
}

YamlNode ProtocolsNode(const std::vector<scrape::ScrapeProtocol>& protocols) {
  YamlNode list;
  list.kind = Kind::kSequence;
  for (const scrape::ScrapeProtocol protocol : protocols) {
    list.items.push_back(TextNode(scrape::kScrapeProtocolNames.at(static_cast<size_t>(protocol))));
  }
  return list;
}

void FillRules(YamlNode& section, std::string_view name) {
  YamlNode* const rules = FindEntry(section, name);
  if (rules == nullptr) return;
  for (YamlNode& rule : rules->items) SetDefaults(rule, kRuleDefaults);
}

void FillGlobal(const GlobalSection& global, YamlNode& node) {
  SetEntry(node, "scrape_interval", ScalarNode(FormatDuration(global.scrape_interval)));
  SetEntry(node, "scrape_timeout", ScalarNode(FormatDuration(global.scrape_timeout)));
  SetDefaultEntry(node, "evaluation_interval", ScalarNode("1m"));
  if (!global.external_labels.empty()) {
    YamlNode labels = EmptyMap();
    for (const relabel::Label& label : global.external_labels) {
      SetEntry(labels, label.name, TextNode(label.value));
    }
    SetEntry(node, "external_labels", std::move(labels));
  }
  DropNulls(node);
  Sort(node, kGlobalOrder);
}

// What a job does not say itself it has from the global section, 0 included.
void Inherit(const YamlNode& global, YamlNode& node) {
  for (const YamlEntry& entry : global.entries) {
    if (!IsAmong(entry.first.scalar, InheritedFieldNames())) continue;
    const YamlNode* const own = FindEntry(node, entry.first.scalar);
    const bool is_zero = own != nullptr && own->scalar == "0";
    const bool zero_inherits = entry.first.scalar != "discovery_grace";
    if (own == nullptr || own->kind == Kind::kNull || (is_zero && zero_inherits)) {
      SetEntry(node, entry.first.scalar, entry.second);
    }
  }
}

void FillJob(const scrape::JobConfig& job, const YamlNode& global, YamlNode& node) {
  Inherit(global, node);
  const auto validation = job.metric_name_validation_scheme == relabel::NameScheme::kLegacy
                              ? std::string_view("legacy")
                              : std::string_view("utf8");
  SetEntry(node, "honor_timestamps", FlagNode(job.honor_timestamps));
  SetEntry(node, "track_timestamps_staleness", FlagNode(job.track_timestamps_staleness));
  SetEntry(node, "scrape_interval", ScalarNode(FormatDuration(job.scrape_interval)));
  SetEntry(node, "scrape_timeout", ScalarNode(FormatDuration(job.scrape_timeout)));
  SetEntry(node, "scrape_protocols", ProtocolsNode(job.scrape_protocols));
  SetEntry(node, "scrape_native_histograms", FlagNode(job.scrape_native_histograms));
  SetEntry(node, "always_scrape_classic_histograms",
           FlagNode(job.always_scrape_classic_histograms));
  SetEntry(node, "convert_classic_histograms_to_nhcb",
           FlagNode(job.convert_classic_histograms_to_nhcb));
  SetEntry(node, "metrics_path", TextNode(job.metrics_path));
  SetEntry(node, "scheme", TextNode(job.scheme));
  SetEntry(node, "enable_compression", FlagNode(job.enable_compression));
  SetEntry(node, "metric_name_validation_scheme", TextNode(validation));
  SetEntry(node, "metric_name_escaping_scheme",
           TextNode(scrape::kNameEscapingNames.at(
               static_cast<size_t>(job.metric_name_escaping_scheme))));
  SetEntry(node, "extra_scrape_metrics", FlagNode(job.extra_scrape_metrics));
  SetDefaultEntry(node, "follow_redirects", FlagNode(true));
  SetDefaultEntry(node, "enable_http2", FlagNode(true));
  FillRules(node, "relabel_configs");
  FillRules(node, "metric_relabel_configs");
  DropNulls(node);
  Sort(node, kJobOrder);
}

void FillDestination(YamlNode& node) {
  SetDefaults(node, kWriteDefaults);
  SetDefaultEntry(node, "queue_config", EmptyMap());
  SetDefaults(*FindEntry(node, "queue_config"), kQueueDefaults);
  FillRules(node, "write_relabel_configs");
  DropNulls(node);
  Sort(node, kWriteOrder);
}

}  // namespace

std::string ShowConfig(const YamlNode& root, const GlobalSection& global,
                       const std::vector<scrape::JobConfig>& jobs) {
  YamlNode shown = root.kind == Kind::kMap ? root : EmptyMap();
  SetDefaultEntry(shown, "global", EmptyMap());
  FillGlobal(global, *FindEntry(shown, "global"));
  if (YamlNode* const list = FindEntry(shown, "scrape_configs")) {
    const YamlNode defaults = *FindEntry(shown, "global");
    for (size_t i = 0; i < jobs.size(); ++i) FillJob(jobs[i], defaults, list->items.at(i));
  }
  if (YamlNode* const list = FindEntry(shown, "remote_write")) {
    for (YamlNode& item : list->items) FillDestination(item);
  }
  DropNulls(shown);
  Sort(shown, kTopOrder);
  HideSecrets(shown);
  return WriteYaml(shown);
}

}  // namespace sluice::agent
