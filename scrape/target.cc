#include "scrape/target.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/duration.h"
#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kScheme = "__scheme__";
constexpr std::string_view kMetricsPath = "__metrics_path__";
constexpr std::string_view kInterval = "__scrape_interval__";
constexpr std::string_view kTimeout = "__scrape_timeout__";
constexpr std::string_view kScrapeNative = "__scrape_native_histograms__";
constexpr std::string_view kAlwaysClassic = "__always_scrape_classic_histograms__";
constexpr std::string_view kConvertClassic = "__convert_classic_histograms_to_nhcb__";
constexpr std::string_view kUnixSocket = "__unix_socket__";
constexpr std::string_view kParamPrefix = "__param_";
constexpr std::string_view kMetaPrefix = "__meta_";
constexpr std::string_view kReservedPrefix = "__";

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

void AppendEscaped(std::string& out, std::string_view text, std::string_view also_plain) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    if (IsUnreserved(c) || also_plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
}

void AppendQueryEscaped(std::string& out, std::string_view text) {
  size_t from = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != ' ') continue;
    AppendEscaped(out, text.substr(from, i - from), "");
    if (i < text.size()) out += '+';
    from = i + 1;
  }
}

std::string_view FlagText(bool flag) { return flag ? "true" : "false"; }

Result<milliseconds> DurationLabel(const relabel::Labels& labels, std::string_view label,
                                   std::string_view what) {
  const Result<milliseconds> duration = ParseDuration(labels.Get(label));
  if (!duration.ok())
    return duration.error().WithContext("error parsing scrape " + std::string(what));
  if (*duration == milliseconds(0)) {
    return InvalidInput("scrape " + std::string(what) + " cannot be 0");
  }
  return duration;
}

Status CheckAddress(std::string_view address) {
  if (address.empty()) return InvalidInput("no address");
  if (address.find('/') != std::string_view::npos) {
    return InvalidInput("\"" + std::string(address) + "\" is not a valid hostname");
  }
  return Status::Ok();
}

Status SetTimes(const relabel::Labels& labels, Target& target) {
  const Result<milliseconds> interval = DurationLabel(labels, kInterval, "interval");
  if (!interval.ok()) return interval.error();
  const Result<milliseconds> timeout = DurationLabel(labels, kTimeout, "timeout");
  if (!timeout.ok()) return timeout.error();
  if (*timeout > *interval) {
    return InvalidInput("scrape timeout cannot be greater than scrape interval (\"" +
                        std::string(labels.Get(kTimeout)) + "\" > \"" +
                        std::string(labels.Get(kInterval)) + "\")");
  }
  target.interval = *interval;
  target.timeout = *timeout;
  return Status::Ok();
}

// As Go's strconv.ParseBool reads it.
Status ReadFlag(const relabel::Labels& labels, std::string_view label, std::string_view what,
                bool& flag) {
  constexpr std::array<std::string_view, 6> kTrue = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 6> kFalse = {"0", "f", "F", "false", "FALSE", "False"};
  const std::string_view text = labels.Get(label);
  flag = std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end();
  if (flag || std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return Status::Ok();
  return InvalidInput("error parsing " + std::string(what) + ": strconv.ParseBool: parsing " +
                      QuoteText(text) + ": invalid syntax");
}

Status SetHistogramRules(const relabel::Labels& labels, const JobConfig& job,
                         HistogramRules& rules) {
  Status status = ReadFlag(labels, kConvertClassic, "convert classic histograms to nhcb",
                           rules.to_custom_buckets);
  if (status.ok()) {
    status =
        ReadFlag(labels, kAlwaysClassic, "always scrape classic histograms", rules.always_classic);
  }
  if (status.ok()) {
    status = ReadFlag(labels, kScrapeNative, "scrape native histograms", rules.native);
  }
  rules.bucket_limit = job.native_histogram_bucket_limit;
  rules.schema_max = proto::MaxSchemaOf(job.native_histogram_min_bucket_factor);
  return status;
}

}  // namespace

relabel::Labels DiscoveredLabels(const JobConfig& job, const TargetGroup& group,
                                 const relabel::Labels& own) {
  relabel::LabelsBuilder builder(own);
  const auto set_default = [&](std::string_view name, std::string_view value) {
    if (builder.Get(name).empty()) builder.Set(name, value);
  };
  for (const relabel::Label& label : group.labels) {
    if (!own.Has(label.name)) builder.Set(label.name, label.value);
  }
  set_default("job", job.name);
  set_default(kInterval, FormatDuration(job.scrape_interval));
  set_default(kTimeout, FormatDuration(job.scrape_timeout));
  set_default(kMetricsPath, job.metrics_path);
  set_default(kScheme, job.scheme);
  set_default(kScrapeNative, FlagText(job.scrape_native_histograms));
  set_default(kAlwaysClassic, FlagText(job.always_scrape_classic_histograms));
  set_default(kConvertClassic, FlagText(job.convert_classic_histograms_to_nhcb));
  for (const auto& [name, values] : job.params) {
    if (!values.empty()) set_default(std::string(kParamPrefix) + name, values.front());
  }
  return builder.Build();
}

Result<Target> FinishTarget(const JobConfig& job, relabel::LabelsBuilder& relabeled) {
  Target target;
  const std::string address(relabeled.Get(kAddress));
  if (Status status = CheckAddress(address); !status.ok()) return status.error();
  const relabel::Labels labels = relabeled.Build();
  Status status = SetTimes(labels, target);
  if (status.ok()) status = SetHistogramRules(labels, job, target.histograms);
  if (!status.ok()) return status.error();
  for (const relabel::Label& label : labels) {
    if (label.name.starts_with(kMetaPrefix)) relabeled.Delete(label.name);
  }
  if (relabeled.Get("instance").empty()) relabeled.Set("instance", address);
  const relabel::Labels all = relabeled.Build();
  for (const relabel::Label& label : all) {
    if (!relabel::IsValidUtf8(label.value)) {
      return InvalidInput("invalid label value for \"" + label.name + "\"");
    }
    if (label.name.starts_with(kReservedPrefix)) relabeled.Delete(label.name);
  }
  target.labels = relabeled.Build();
  target.url = TargetUrl(all, job.params);
  target.unix_socket = all.Get(kUnixSocket);
  target.identity = TargetIdentity(all, target.url);
  return target;
}

TargetSet BuildTargets(const JobConfig& job, const std::vector<TargetGroup>& groups,
                       const ClusterConfig& cluster) {
  TargetSet set;
  std::unordered_set<uint64_t> seen;
  relabel::LabelsBuilder builder;
  for (const TargetGroup& group : groups) {
    for (const relabel::Labels& own : group.targets) {
      relabel::Labels discovered = DiscoveredLabels(job, group, own);
      builder.Reset(discovered);
      if (!job.relabel.Apply(builder)) {
        set.dropped.push_back(std::move(discovered));
        continue;
      }
      Result<Target> target = FinishTarget(job, builder);
      if (!target.ok()) {
        set.errors.push_back(group.source + ": " + target.error().message);
        continue;
      }
      if (!seen.insert(target->identity).second) continue;
      if (cluster.is_on()) {
        const uint64_t hash = ClusterHash(target->url, target->labels);
        if (!IsScrapedHere(cluster, hash)) {
          set.elsewhere.push_back({std::move(discovered), ScrapingMembers(cluster, hash)});
          continue;
        }
      }
      target->discovered_labels = std::move(discovered);
      set.active.push_back(std::move(*target));
    }
  }
  return set;
}

std::string TargetUrl(const relabel::Labels& labels,
                      const std::vector<std::pair<std::string, std::vector<std::string>>>& params) {
  std::map<std::string, std::vector<std::string>> query;
  for (const auto& [name, values] : params) query[name] = values;
  for (const relabel::Label& label : labels) {
    if (!label.name.starts_with(kParamPrefix)) continue;
    auto& values = query[label.name.substr(kParamPrefix.size())];
    if (values.empty()) values.emplace_back();
    values.front() = label.value;
  }
  std::string url(labels.Get(kScheme));
  url.append("://").append(labels.Get(kAddress));
  const std::string_view path = labels.Get(kMetricsPath);
  if (!path.empty() && path.front() != '/') url += '/';
  AppendEscaped(url, path, "$&+,/:;=@");
  char separator = '?';
  for (const auto& [name, values] : query) {
    for (const std::string& value : values) {
      url += separator;
      separator = '&';
      AppendQueryEscaped(url, name);
      url += '=';
      AppendQueryEscaped(url, value);
    }
  }
  return url;
}

uint64_t TargetIdentity(const relabel::Labels& labels, std::string_view url) {
  std::string decimal = std::to_string(labels.Hash());
  constexpr size_t kDigits = 16;
  if (decimal.size() < kDigits) decimal.insert(0, kDigits - decimal.size(), '0');
  return Fnv64a(decimal.append(url));
}

}  // namespace sluice::scrape
