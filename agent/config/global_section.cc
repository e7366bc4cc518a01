#include "agent/config/global_section.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/expand.h"
#include "agent/config/header_rules.h"
#include "agent/config/ignored_fields.h"
#include "agent/config/name_schemes.h"
#include "agent/config/spec.h"
#include "agent/config/target_sources.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"scrape_interval", "scrape_timeout",
                                                     "external_labels"};

constexpr std::array<std::string_view, 17> kInherited = {"body_size_limit",
                                                         "sample_limit",
                                                         "sample_limit_policy",
                                                         "target_limit",
                                                         "label_limit",
                                                         "label_name_length_limit",
                                                         "label_value_length_limit",
                                                         "keep_dropped_targets",
                                                         "extra_scrape_metrics",
                                                         "discovery_grace",
                                                         "scrape_failure_log_file",
                                                         "scrape_protocols",
                                                         "scrape_native_histograms",
                                                         "always_scrape_classic_histograms",
                                                         "convert_classic_histograms_to_nhcb",
                                                         "metric_name_validation_scheme",
                                                         "metric_name_escaping_scheme"};

// 0 inherits: a job cannot lift a limit of the global section.
void ReadLimit(const Fields& fields, std::string_view name, uint64_t& limit) {
  uint64_t own = 0;
  fields.Read(name, own);
  if (own != 0) limit = own;
}

// A null inherits.
void ReadFlag(const Fields& fields, std::string_view name, bool& flag) {
  const auto value = fields.Find(name);
  if (value.has_value() && !value->is_null()) flag = value->Bool();
}

// A null inherits, and 0 is none.
void ReadGrace(const Fields& fields, std::chrono::milliseconds& grace) {
  const auto value = fields.Find("discovery_grace");
  if (value.has_value() && !value->is_null()) grace = value->Duration();
}

void ReadSampleLimitPolicy(const Fields& fields, scrape::SampleLimitPolicy& policy) {
  const auto value = fields.Find("sample_limit_policy");
  if (!value.has_value() || value->is_null()) return;
  const std::string text = value->Text();
  if (text == "fail") {
    policy = scrape::SampleLimitPolicy::kFail;
  } else if (text == "keep_known") {
    policy = scrape::SampleLimitPolicy::kKeepKnown;
  } else {
    value->Fail("unknown sample_limit_policy " + QuoteText(text) + ", expected fail or keep_known");
  }
}

relabel::Labels DecodeExternalLabels(const Value& value, relabel::NameScheme scheme,
                                     const Environment& environment) {
  std::vector<relabel::Label> labels;
  for (const auto& entry : value.Entries("map[string]string")) {
    const std::string& name = entry.first;
    std::vector<std::string> missing;
    std::string text = ExpandVariables(entry.second.Text(), environment, missing);
    const bool is_name = scheme == relabel::NameScheme::kLegacy ? relabel::IsLegacyLabelName(name)
                                                                : relabel::IsUtf8LabelName(name);
    if (!is_name) {
      value.Fail(QuoteText(name) + " is not a valid label name");
    }
    if (!IsValidUtf8(text)) entry.second.Fail(QuoteText(text) + " is not a valid label value");
    for (const std::string& variable : missing) {
      entry.second.Warn("environment variable " + QuoteText(variable) + " is empty or not set");
    }
    labels.push_back({name, std::move(text)});
  }
  return relabel::Labels::From(std::move(labels));
}

template <class Texts>
std::string Listed(const Texts& texts) {
  std::string out = "[";
  for (const auto& text : texts) {
    if (out.size() > 1) out += ' ';
    out += text;
  }
  return out + "]";
}

}  // namespace

std::string UnknownProtocol(const std::string& name) {
  return "unknown scrape protocol " + name + ", supported: " + Listed(scrape::kScrapeProtocolNames);
}

std::optional<std::vector<scrape::ScrapeProtocol>> ReadProtocols(const Fields& fields,
                                                                 const std::string& whose) {
  const auto value = fields.Find("scrape_protocols");
  if (!value.has_value() || value->is_null()) return std::nullopt;
  const std::vector<std::string> names = value->Texts();
  if (names.empty()) value->Fail("scrape_protocols cannot be empty" + whose);
  std::vector<scrape::ScrapeProtocol> protocols;
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(LowerAscii(name)).second) {
      value->Fail("duplicated protocol in scrape_protocols, got " + Listed(names) + whose);
    }
    const auto protocol = scrape::FindScrapeProtocol(name);
    if (!protocol.has_value()) {
      value->Fail("scrape_protocols: " + UnknownProtocol(name) + whose);
      return std::nullopt;
    }
    protocols.push_back(*protocol);
  }
  return protocols;
}

std::span<const std::string_view> InheritedFieldNames() { return kInherited; }

void DecodeInherited(const Fields& fields, scrape::JobConfig& job) {
  uint64_t body_size_limit = 0;
  fields.ReadSize("body_size_limit", body_size_limit);
  if (body_size_limit != 0) job.body_size_limit = body_size_limit;
  ReadLimit(fields, "sample_limit", job.sample_limit);
  ReadSampleLimitPolicy(fields, job.sample_limit_policy);
  ReadLimit(fields, "target_limit", job.target_limit);
  ReadLimit(fields, "label_limit", job.label_limits.count);
  ReadLimit(fields, "label_name_length_limit", job.label_limits.name_length);
  ReadLimit(fields, "label_value_length_limit", job.label_limits.value_length);
  ReadLimit(fields, "keep_dropped_targets", job.keep_dropped_targets);
  if (const std::string path = TextOf(fields, "scrape_failure_log_file"); !path.empty()) {
    job.scrape_failure_log_file = ResolvePath(path, fields.map().decoder().file());
  }
  ReadGrace(fields, job.discovery_grace);
  ReadFlag(fields, "extra_scrape_metrics", job.extra_scrape_metrics);
  ReadFlag(fields, "scrape_native_histograms", job.scrape_native_histograms);
  ReadFlag(fields, "always_scrape_classic_histograms", job.always_scrape_classic_histograms);
  ReadFlag(fields, "convert_classic_histograms_to_nhcb", job.convert_classic_histograms_to_nhcb);
}

void DecodeGlobal(const Value& value, const Environment& environment, GlobalSection& global) {
  const std::chrono::milliseconds default_interval = global.scrape_interval;
  const std::chrono::milliseconds default_timeout = global.scrape_timeout;
  const std::vector<std::string_view> ignored = NamesOf(IgnoredGlobalFields());
  const Fields fields(value, "config.plain", {kFields, kInherited, ignored});
  CheckIgnoredFields(fields, IgnoredGlobalFields());
  std::chrono::milliseconds timeout{0};
  fields.Read("scrape_interval", global.scrape_interval);
  fields.Read("scrape_timeout", timeout);
  DecodeInherited(fields, global.job);
  global.scrape_protocols = ReadProtocols(fields, " for global config");
  const NameSchemes schemes = ReadNameSchemes(fields, "global");
  const auto validation = schemes.validation.value_or(relabel::NameScheme::kUtf8);
  global.job.metric_name_validation_scheme = validation;
  global.job.metric_name_escaping_scheme = schemes.escaping.value_or(EscapingFor(validation));
  if (global.scrape_interval.count() == 0) global.scrape_interval = default_interval;
  if (timeout > global.scrape_interval) {
    fields.Find("scrape_timeout")->Fail("global scrape timeout greater than scrape interval");
  }
  global.scrape_timeout =
      timeout.count() == 0 ? std::min(default_timeout, global.scrape_interval) : timeout;
  if (const auto labels = fields.Find("external_labels")) {
    global.external_labels = DecodeExternalLabels(*labels, validation, environment);
  }
}

}  // namespace sluice::agent
