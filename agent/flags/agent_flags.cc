#include "agent/flags/agent_flags.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "agent/features.h"
#include "agent/flags/ignored_flags.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

using Kind = FlagSpec::Kind;
using Values = std::vector<std::string>;

struct AgentFlag {
  FlagSpec spec;
  Status (*apply)(const Values& values, Options& options);
};

// Assigns `parsed` to `target`.
template <class T, class U>
Status Assign(Result<T> parsed, U& target) {
  if (!parsed.ok()) return parsed.error();
  target = std::move(*parsed);
  return Status::Ok();
}

Status Assign(const std::string& value, std::string& target) {
  target = value;
  return Status::Ok();
}

Status Assign(const std::string& value, bool& target) {
  target = value == "true";
  return Status::Ok();
}

// A number of at least `least`.
template <class T>
Status AssignCount(const std::string& value, uint64_t least, T& target) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool good = error == std::errc() && end == value.data() + value.size() && number >= least &&
                    number <= UINT32_MAX;
  if (!good) return InvalidInput("must be a number of at least " + std::to_string(least));
  target = static_cast<T>(number);
  return Status::Ok();
}

Status AssignTimeout(const std::string& value, std::chrono::milliseconds& target) {
  Status status = Assign(ParseDuration(value), target);
  if (status.ok() && target.count() <= 0) return InvalidInput("must be more than 0");
  return status;
}

Status ApplyFeatures(const Values& values, Options& options) {
  Result<Features> features = ParseFeatures(values);
  if (!features.ok()) return features.error();
  options.config_flags.extra_scrape_metrics = features->extra_scrape_metrics;
  options.config_flags.agent = options.config_flags.agent || features->agent;
  options.auto_reload = options.auto_reload || features->auto_reload_config;
  for (std::string& warning : features->warnings) options.warnings.push_back(std::move(warning));
  return Status::Ok();
}

constexpr AgentFlag kFlags[] = {
    {{.name = "config.file", .fallback = "prometheus.yml", .help = "Prometheus configuration file"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.config_file); }},
    {{.name = "agent",
      .kind = Kind::kSwitch,
      .fallback = "false",
      .help = "Refuse what Prometheus's agent mode refuses; the sections of a server are ignored "
              "otherwise"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.config_flags.agent); }},
    {{.name = "config.auto-reload",
      .kind = Kind::kSwitch,
      .fallback = "false",
      .help = "Load the configuration again when it changed"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.auto_reload); }},
    {{.name = "config.auto-reload-interval",
      .fallback = "30s",
      .help = "How often to look whether it changed"},
     [](const Values& v, Options& o) {
       Status status = AssignTimeout(v.back(), o.auto_reload_interval);
       o.auto_reload_interval =
           std::max<std::chrono::milliseconds>(o.auto_reload_interval, std::chrono::seconds(1));
       return status;
     }},
    {{.name = "enable-feature",
      .kind = Kind::kValues,
      .help = "Features of Prometheus, separated by commas; may be repeated"},
     ApplyFeatures},
    {{.name = "web.listen-address",
      .kind = Kind::kValues,
      .fallback = "0.0.0.0:9090",
      .help =
          "Address of the API, the pages and our own metrics; port 0 takes any free one; may be "
          "repeated"},
     [](const Values& v, Options& o) {
       o.web.listen_addresses = v;
       return Status::Ok();
     }},
    {{.name = "web.compat-metrics",
      .kind = Kind::kSwitch,
      .fallback = "false",
      .help =
          "Expose our own metrics also under names that alerts and dashboards of vmagent, and of "
          "older Prometheus, ask for"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.compat_metrics); }},
    {{.name = "web.config.file",
      .help = "TLS, users and headers of the HTTP server, as Prometheus has them"},
     [](const Values& v, Options& o) {
       const std::string& path = v.back();
       if (!path.empty()) o.web_config = [path] { return LoadWebConfig(path); };
       return Status::Ok();
     }},
    {{.name = "web.external-url", .help = "URL under which this agent is reached from outside"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.external_url); }},
    {{.name = "web.route-prefix",
      .help = "What all paths begin with; where it is not given, the path of the external URL"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.route_prefix); }},
    {{.name = "web.read-timeout",
      .fallback = "30s",
      .help = "How long a request may take to arrive, and a connection may be idle"},
     [](const Values& v, Options& o) { return AssignTimeout(v.back(), o.web.read_timeout); }},
    {{.name = "web.max-connections",
      .fallback = "512",
      .help = "How many connections are served at once"},
     [](const Values& v, Options& o) { return AssignCount(v.back(), 1, o.web.connections_max); }},
    {{.name = "web.cors.origin",
      .fallback = ".*",
      .help = "Whose pages may read the API: a regular expression for the whole origin"},
     [](const Values& v, Options& o) { return Assign(Pattern::Compile(v.back()), o.cors_origin); }},
    {{.name = "web.enable-lifecycle",
      .kind = Kind::kSwitch,
      .fallback = "false",
      .help = "Allow POST /-/reload and /-/quit"},
     [](const Values& v, Options& o) {
       o.enable_reload = o.enable_quit = v.back() == "true";
       return Status::Ok();
     }},
    {{.name = "storage.agent.path",
      .fallback = "data-agent/",
      .help = "Data directory: the buffer"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.data_directory); }},
    {{.name = "storage.agent.max-bytes",
      .fallback = "0",
      .help = "Bound of the buffer, e.g. 8GiB; 0 = 10% of the file system, at most 16GiB"},
     [](const Values& v, Options& o) { return Assign(ParseSize(v.back()), o.buffer_bytes_max); }},
    {{.name = "storage.agent.max-held-bytes",
      .fallback = "64MiB",
      .help = "What may be held in memory while the disk is full or fails"},
     [](const Values& v, Options& o) { return Assign(ParseSize(v.back()), o.held_bytes_max); }},
    {{.name = "storage.agent.quarantine-max-bytes",
      .fallback = "16MiB",
      .help = "Bound of what is kept of refused samples, for each destination; 0 = nothing"},
     [](const Values& v, Options& o) {
       return Assign(ParseSize(v.back()), o.quarantine_bytes_max);
     }},
    {{.name = "storage.agent.sync-interval",
      .fallback = "1s",
      .help = "What a power cut may lose at most; 0 = sync every append"},
     [](const Values& v, Options& o) { return Assign(ParseDuration(v.back()), o.sync_interval); }},
    {{.name = "storage.remote.flush-deadline",
      .fallback = "4s",
      .help = "How long to go on sending when asked to stop; the rest stays in the buffer"},
     [](const Values& v, Options& o) { return Assign(ParseDuration(v.back()), o.flush_deadline); }},
    {{.name = "scrape.max-body-size",
      .fallback = "1GiB",
      .help = "Bound of any scraped body, uncompressed, whatever body_size_limit says"},
     [](const Values& v, Options& o) {
       return Assign(ParseSize(v.back()), o.scrape_body_bytes_max);
     }},
    {{.name = "cluster.members-count",
      .fallback = "1",
      .help = "How many agents share the targets; 0 or 1: no cluster"},
     [](const Values& v, Options& o) { return AssignCount(v.back(), 0, o.cluster.members); }},
    {{.name = "cluster.member-num",
      .fallback = "0",
      .help =
          "Which of them this one is: a number from 0, or a name that ends with it, as sluice-3 "
          "of a StatefulSet"},
     [](const Values& v, Options& o) {
       return Assign(scrape::ParseMemberNumber(v.back()), o.cluster.member);
     }},
    {{.name = "cluster.replication-factor",
      .fallback = "1",
      .help = "How many members scrape each target"},
     [](const Values& v, Options& o) { return AssignCount(v.back(), 0, o.cluster.replication); }},
    {{.name = "cluster.name",
      .help = "Tells clusters apart that scrape the same targets: they do at other times"},
     [](const Values& v, Options& o) { return Assign(v.back(), o.cluster.name); }},
    {{.name = "log.level", .fallback = "info", .help = "debug, info, warn or error"},
     [](const Values& v, Options& o) { return Assign(ParseLogLevel(v.back()), o.log_level); }},
    {{.name = "log.format", .fallback = "logfmt", .help = "logfmt or json"},
     [](const Values& v, Options& o) { return Assign(ParseLogFormat(v.back()), o.log_format); }},
};

}  // namespace

FlagSpecs AgentFlagSpecs() {
  FlagSpecs specs;
  for (const AgentFlag& flag : kFlags) specs.push_back(&flag.spec);
  for (const FlagSpec& spec : IgnoredFlags()) specs.push_back(&spec);
  for (const FlagSpec& spec : ServerFlags()) specs.push_back(&spec);
  return specs;
}

Status ApplyAgentFlags(const FlagValues& values, Options& options) {
  for (const AgentFlag& flag : kFlags) {
    const auto given = values.find(flag.spec.name);
    if (given == values.end()) continue;
    Status status = flag.apply(given->second, options);
    if (!status.ok()) return status.error().WithContext("--" + std::string(flag.spec.name));
  }
  // A Prometheus server's data directory stays as it is, beside ours.
  const auto server_path = values.find("storage.tsdb.path");
  if (server_path != values.end() && !values.contains("storage.agent.path")) {
    options.data_directory = server_path->second.back() + "/sluice";
  }
  for (const auto& specs : {IgnoredFlags(), ServerFlags()}) {
    for (const FlagSpec& spec : specs) {
      if (!values.contains(spec.name) || spec.name == "storage.tsdb.path") continue;
      options.ignored.push_back("--" + std::string(spec.name));
    }
  }
  return Status::Ok();
}

std::vector<std::string> ServerOnlyFlags(const FlagValues& values) {
  std::vector<std::string> given;
  for (const FlagSpec& spec : ServerFlags()) {
    if (values.contains(spec.name)) given.push_back("--" + std::string(spec.name));
  }
  return given;
}

}  // namespace sluice::agent
