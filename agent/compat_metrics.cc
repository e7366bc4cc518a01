#include "agent/compat_metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::agent {
namespace {

using enum CompatMetric::Fold;

constexpr CompatMetric kMetrics[] = {
    // Prometheus.
    {.name = "prometheus_tsdb_head_samples_appended_total",
     .source = "prometheus_agent_samples_appended_total"},
    {.name = "prometheus_remote_storage_samples_in_total",
     .source = "prometheus_agent_samples_appended_total",
     .fold = kSum},
    {.name = "prometheus_remote_storage_highest_timestamp_in_seconds",
     .source = "prometheus_remote_storage_queue_highest_timestamp_seconds",
     .fold = kMax},
    {.name = "prometheus_remote_storage_succeeded_samples_total",
     .source = "prometheus_remote_storage_samples_total"},
    {.name = "prometheus_remote_storage_failed_samples_total",
     .source = "prometheus_remote_storage_samples_failed_total"},
    // vmagent.
    {.name = "vm_app_version", .source = "prometheus_build_info"},
    {.name = "vm_app_start_timestamp", .source = "process_start_time_seconds"},
    {.name = "vm_promscrape_config_last_reload_successful",
     .source = "prometheus_config_last_reload_successful"},
    {.name = "vm_promscrape_config_last_reload_success_timestamp_seconds",
     .source = "prometheus_config_last_reload_success_timestamp_seconds"},
    {.name = "vm_promscrape_scrape_pool_targets",
     .source = "prometheus_target_scrape_pool_targets"},
    {.name = "vm_promscrape_scrapes_total", .source = "sluice_scrapes_total", .fold = kSum},
    {.name = "vm_promscrape_scrapes_failed_total",
     .source = "sluice_scrapes_total",
     .label = "result",
     .value = "down"},
    {.name = "vm_promscrape_scrape_duration_seconds", .source = "sluice_scrape_duration_seconds"},
    {.name = "vm_promscrape_max_scrape_size_exceeded_errors_total",
     .source = "prometheus_target_scrapes_exceeded_body_size_limit_total"},
    {.name = "vm_promscrape_scrapes_skipped_by_sample_limit_total",
     .source = "prometheus_target_scrapes_exceeded_sample_limit_total"},
    {.name = "vm_promscrape_scrapes_skipped_by_label_limit_total",
     .source = "prometheus_target_scrape_pool_exceeded_label_limits_total"},
    {.name = "vmagent_rows_inserted_total",
     .source = "sluice_buffer_appended_samples_total",
     .added = "type=\"promscrape\""},
    {.name = "vmagent_http_requests_total",
     .source = "prometheus_http_requests_total",
     .renamed = "handler",
     .renamed_to = "path"},
    {.name = "vmagent_remotewrite_requests_total",
     .source = "sluice_destination_answers_total",
     .renamed = "class",
     .renamed_to = "status_code"},
    {.name = "vmagent_remotewrite_blocks_sent_total",
     .source = "sluice_destination_answers_total",
     .label = "class",
     .value = "2xx"},
    {.name = "vmagent_remotewrite_retries_count_total",
     .source = "sluice_destination_answers_total",
     .fold = kSum,
     .label = "class",
     .value = "none",
     .or_value = "5xx"},
    {.name = "vmagent_remotewrite_errors_total",
     .source = "sluice_destination_answers_total",
     .label = "class",
     .value = "none"},
    {.name = "vmagent_remotewrite_packets_dropped_total",
     .source = "prometheus_remote_storage_samples_failed_total"},
    {.name = "vmagent_remotewrite_relabel_metrics_dropped_total",
     .source = "sluice_destination_dropped_samples_total",
     .label = "reason",
     .value = "relabel"},
    {.name = "vmagent_remotewrite_bytes_sent_total",
     .source = "prometheus_remote_storage_bytes_total"},
    {.name = "vmagent_remotewrite_duration_seconds",
     .source = "prometheus_remote_storage_sent_batch_duration_seconds"},
    {.name = "vmagent_remotewrite_send_duration_seconds_total",
     .source = "prometheus_remote_storage_sent_batch_duration_seconds_sum"},
    {.name = "vmagent_remotewrite_queues", .source = "prometheus_remote_storage_shards_max"},
    {.name = "vmagent_remotewrite_pending_data_bytes",
     .source = "sluice_destination_pending_bytes"},
    {.name = "vm_persistentqueue_bytes_pending", .source = "sluice_destination_pending_bytes"},
    {.name = "vm_persistentqueue_bytes_dropped_total",
     .source = "sluice_destination_dropped_samples_total",
     .label = "reason",
     .value = "budget"},
};

using Label = std::pair<std::string_view, std::string_view>;  // the value as it is escaped

struct Sample {
  std::string_view suffix;  // "_bucket", "_sum", "_count" of a histogram; else empty
  std::vector<Label> labels;
  std::string_view value;
};

struct Family {
  std::string_view type;
  std::vector<Sample> samples;
};

using Families = std::unordered_map<std::string_view, Family>;

std::string_view TakeUntil(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

// `a="b",c="d"}`, up to and with the brace.
std::vector<Label> TakeLabels(std::string_view& rest) {
  std::vector<Label> labels;
  while (!rest.empty() && !rest.starts_with('}')) {
    const std::string_view name = TakeUntil(rest, '=');
    rest.remove_prefix(std::min<size_t>(1, rest.size()));
    size_t end = 0;
    while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? size_t{2} : size_t{1};
    end = std::min(end, rest.size());
    labels.emplace_back(name, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (rest.starts_with(',')) rest.remove_prefix(1);
  }
  rest.remove_prefix(std::min<size_t>(1, rest.size()));
  return labels;
}

// By name; the sums of histograms by their own name, too.
Families ReadExposition(std::string_view text) {
  Families families;
  std::string_view family_name;
  while (!text.empty()) {
    std::string_view line = TakeUntil(text, '\n');
    if (line.starts_with("# TYPE ")) {
      line.remove_prefix(7);
      family_name = TakeUntil(line, ' ');
      families[family_name].type = line;
    }
    if (line.empty() || line.starts_with('#')) continue;
    const size_t name_end = std::min(line.find_first_of("{ "), line.size());
    const std::string_view name = line.substr(0, name_end);
    if (!name.starts_with(family_name)) continue;
    std::string_view rest = line.substr(name_end);
    Sample sample;
    sample.suffix = name.substr(family_name.size());
    if (rest.starts_with('{')) {
      rest.remove_prefix(1);
      sample.labels = TakeLabels(rest);
    }
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    sample.value = rest;
    if (sample.suffix == "_sum") {
      families[name].type = "counter";
      families[name].samples.push_back({{}, sample.labels, sample.value});
    }
    families[family_name].samples.push_back(std::move(sample));
  }
  return families;
}

// False: the series does not count.
bool SelectLabels(const CompatMetric& metric, std::vector<Label>& labels) {
  bool selected = metric.label.empty();
  std::erase_if(labels, [&](const Label& label) {
    if (metric.label.empty() || label.first != metric.label) return false;
    selected = label.second == metric.value ||
               (!metric.or_value.empty() && label.second == metric.or_value);
    return true;
  });
  for (Label& label : labels) {
    if (!metric.renamed.empty() && label.first == metric.renamed) label.first = metric.renamed_to;
  }
  return selected;
}

std::string LabelsText(const CompatMetric& metric, const std::vector<Label>& labels) {
  std::string text(metric.added);
  for (const auto& [name, value] : labels) {
    if (!text.empty()) text += ',';
    text.append(name).append("=\"").append(value).append("\"");
  }
  return text.empty() ? text : "{" + text + "}";
}

double Number(std::string_view text) {
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string NumberText(double number) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end.ptr};
}

void Expose(const CompatMetric& metric, const Family& family, std::string& out) {
  out.append("# HELP ").append(metric.name).append(" As ").append(metric.source).append(".\n");
  out.append("# TYPE ").append(metric.name).append(" ").append(family.type).append("\n");
  std::map<std::string, double> folded;
  for (const Sample& sample : family.samples) {
    std::vector<Label> labels = sample.labels;
    if (!SelectLabels(metric, labels)) continue;
    if (metric.fold == kEach) {
      out.append(metric.name).append(sample.suffix).append(LabelsText(metric, labels));
      out.append(" ").append(sample.value).append("\n");
      continue;
    }
    // What is summed over one label keeps the others; what is not, is one.
    if (metric.label.empty()) labels.clear();
    const double number = Number(sample.value);
    const auto [entry, is_new] = folded.emplace(LabelsText(metric, labels), number);
    if (is_new) continue;
    entry->second = metric.fold == kSum ? entry->second + number : std::max(entry->second, number);
  }
  for (const auto& [labels, number] : folded) {
    out.append(metric.name).append(labels).append(" ").append(NumberText(number)).append("\n");
  }
}

}  // namespace

std::span<const CompatMetric> CompatMetrics() { return kMetrics; }

std::string ExposeCompatMetrics(std::string_view exposition) {
  const Families families = ReadExposition(exposition);
  std::string out;
  for (const CompatMetric& metric : kMetrics) {
    const auto family = families.find(metric.source);
    if (family != families.end()) Expose(metric, family->second, out);
  }
  return out;
}

}  // namespace sluice::agent
