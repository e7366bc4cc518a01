#include "agent/config/scrape_section.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "agent/config/canonical.h"
#include "agent/config/discovery/discovery_sections.h"
#include "agent/config/http_client_section.h"
#include "agent/config/name_schemes.h"
#include "agent/config/relabel_rules.h"
#include "agent/config/target_sources.h"
#include "base/duration.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 17> kFields = {"job_name",
                                                      "scrape_interval",
                                                      "scrape_timeout",
                                                      "metrics_path",
                                                      "scheme",
                                                      "params",
                                                      "honor_labels",
                                                      "honor_timestamps",
                                                      "track_timestamps_staleness",
                                                      "respell_labels",
                                                      "enable_compression",
                                                      "relabel_configs",
                                                      "metric_relabel_configs",
                                                      "static_configs",
                                                      "fallback_scrape_protocol",
                                                      "native_histogram_bucket_limit",
                                                      "native_histogram_min_bucket_factor"};

void DecodeTimes(const Fields& fields, const GlobalSection& global, scrape::JobConfig& job) {
  job.scrape_interval = std::chrono::milliseconds(0);
  std::chrono::milliseconds timeout{0};
  fields.Read("scrape_interval", job.scrape_interval);
  fields.Read("scrape_timeout", timeout);
  if (job.scrape_interval.count() == 0) job.scrape_interval = global.scrape_interval;
  if (timeout > job.scrape_interval) {
    fields.Find("scrape_timeout")
        ->Fail("scrape timeout greater than scrape interval for scrape config with job name " +
               QuoteText(job.name));
  }
  job.scrape_timeout =
      timeout.count() == 0 ? std::min(global.scrape_timeout, job.scrape_interval) : timeout;
}

void DecodeFallback(const Value& value, scrape::JobConfig& job) {
  const std::string name = value.Text();
  if (name.empty()) return;
  job.fallback_scrape_protocol = scrape::FindScrapeProtocol(name);
  if (!job.fallback_scrape_protocol.has_value()) {
    value.Fail("invalid fallback_scrape_protocol for scrape config with job name " +
               QuoteText(job.name) + ": " + UnknownProtocol(name));
  }
}

void DecodeRequest(const Fields& fields, scrape::JobConfig& job) {
  if (const auto path = fields.Find("metrics_path"); path && !path->is_null()) {
    job.metrics_path = path->Text();
  }
  if (const auto scheme = fields.Find("scheme"); scheme && !scheme->is_null()) {
    job.scheme = scheme->Text();
    if (job.scheme != "http" && job.scheme != "https") {
      scheme->Fail("unsupported scheme " + QuoteText(job.scheme) + ", expected http or https");
    }
  }
  if (const auto fallback = fields.Find("fallback_scrape_protocol")) {
    DecodeFallback(*fallback, job);
  }
  fields.Read("enable_compression", job.enable_compression);
  if (const auto params = fields.Find("params")) {
    for (const auto& entry : params->Entries("url.Values")) {
      job.params.emplace_back(entry.first, entry.second.Texts());
    }
    std::sort(job.params.begin(), job.params.end());
  }
}

void DecodeProtocols(const Fields& fields, const GlobalSection& global, scrape::JobConfig& job) {
  std::optional<std::vector<scrape::ScrapeProtocol>> protocols =
      ReadProtocols(fields, " for scrape config with job name " + QuoteText(job.name));
  if (!protocols.has_value()) protocols = global.scrape_protocols;
  job.scrape_protocols = protocols.has_value()
                             ? std::move(*protocols)
                             : scrape::DefaultScrapeProtocols(job.scrape_native_histograms);
}

// A job that says its own validation does not inherit the escaping.
void DecodeNameSchemes(const Fields& fields, scrape::JobConfig& job) {
  const NameSchemes own = ReadNameSchemes(fields, "scrape config");
  if (own.validation.has_value()) {
    job.metric_name_validation_scheme = *own.validation;
    job.metric_name_escaping_scheme = EscapingFor(*own.validation);
  }
  if (own.escaping.has_value()) job.metric_name_escaping_scheme = *own.escaping;
  if (job.metric_name_escaping_scheme == scrape::NameEscaping::kAllowUtf8 &&
      job.metric_name_validation_scheme != relabel::NameScheme::kUtf8) {
    fields.Find("metric_name_escaping_scheme")
        .value_or(fields.map())
        .Fail("utf8 metric names requested but validation scheme is not set to UTF8");
  }
}

// The values in effect of the fields that may come from the global section.
std::string InheritedText(const scrape::JobConfig& job) {
  std::string text;
  for (const uint64_t value :
       {job.body_size_limit, job.sample_limit, static_cast<uint64_t>(job.sample_limit_policy),
        job.target_limit, job.label_limits.count, job.label_limits.name_length,
        job.label_limits.value_length, job.keep_dropped_targets,
        static_cast<uint64_t>(job.extra_scrape_metrics),
        static_cast<uint64_t>(job.scrape_native_histograms),
        static_cast<uint64_t>(job.always_scrape_classic_histograms),
        static_cast<uint64_t>(job.convert_classic_histograms_to_nhcb),
        static_cast<uint64_t>(job.metric_name_validation_scheme),
        static_cast<uint64_t>(job.metric_name_escaping_scheme)}) {
    text += std::to_string(value) + ",";
  }
  for (const scrape::ScrapeProtocol protocol : job.scrape_protocols) {
    text += std::to_string(static_cast<int>(protocol)) + ",";
  }
  return text + QuoteText(job.scrape_failure_log_file);
}

// Without the target sources, whose change alone leaves the targets that stay undisturbed.
std::string FingerprintOf(const Value& value, const scrape::JobConfig& job) {
  std::vector<std::string_view> sources = DiscoveryFields();
  sources.push_back("static_configs");
  sources.push_back("discovery_grace");
  return CanonicalText(value.node(), sources) + " interval=" + FormatDuration(job.scrape_interval) +
         " timeout=" + FormatDuration(job.scrape_timeout) + " inherited=" + InheritedText(job);
}

scrape::JobConfig DecodeJob(const Value& value, const GlobalSection& global) {
  scrape::JobConfig job = global.job;
  const Fields fields(value, "config.plain",
                      {kFields, InheritedFieldNames(), HttpClientFields(), DiscoveryFields()});
  fields.Read("job_name", job.name);
  if (job.name.empty()) value.Fail("job_name is empty");
  DecodeTimes(fields, global, job);
  DecodeRequest(fields, job);
  fields.Read("honor_labels", job.honor_labels);
  fields.Read("honor_timestamps", job.honor_timestamps);
  fields.Read("track_timestamps_staleness", job.track_timestamps_staleness);
  fields.Read("respell_labels", job.respell_labels);
  DecodeInherited(fields, job);
  DecodeProtocols(fields, global, job);
  DecodeNameSchemes(fields, job);
  fields.Read("native_histogram_bucket_limit", job.native_histogram_bucket_limit);
  fields.Read("native_histogram_min_bucket_factor", job.native_histogram_min_bucket_factor);
  if (const auto rules = fields.Find("relabel_configs")) {
    job.relabel = DecodeProgram(*rules, "empty or null target relabeling rule in scrape config",
                                job.metric_name_validation_scheme);
  }
  if (const auto rules = fields.Find("metric_relabel_configs")) {
    job.metric_relabel =
        DecodeProgram(*rules, "empty or null metric relabeling rule in scrape config",
                      job.metric_name_validation_scheme);
  }
  if (const auto groups = fields.Find("static_configs")) {
    job.static_groups = DecodeStaticConfigs(*groups, !job.relabel.empty());
  }
  job.discoveries = DecodeDiscoveries(fields);
  job.http_client = DecodeHttpClient(fields, /*enable_http2=*/true);
  job.fingerprint = FingerprintOf(value, job);
  return job;
}

}  // namespace

std::vector<scrape::JobConfig> DecodeScrapeConfigs(const Value& list, const GlobalSection& global,
                                                   JobNames& names) {
  std::vector<scrape::JobConfig> jobs;
  for (const Value& item : list.Items("[]*config.ScrapeConfig")) {
    if (item.is_null()) item.Fail("empty or null scrape config section");
    jobs.push_back(DecodeJob(item, global));

    const auto [first, is_new] = names.emplace(jobs.back().name, item.place());
    if (!is_new) {
      item.Fail("found multiple scrape configs with job name " + QuoteText(jobs.back().name) +
                ", first found in " + first->second);
    }
  }
  return jobs;
}

}  // namespace sluice::agent
