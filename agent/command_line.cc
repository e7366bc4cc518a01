#include "agent/command_line.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "agent/features.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

struct IgnoredFlag {
  std::string_view name;
  bool takes_value;
};

// Flags of Prometheus's agent mode whose purpose does not exist here, or not yet.
constexpr std::array<IgnoredFlag, 28> kIgnoredFlags = {{
    {"--auto-gomaxprocs", false},
    {"--no-auto-gomaxprocs", false},
    {"--auto-gomemlimit", false},
    {"--no-auto-gomemlimit", false},
    {"--auto-gomemlimit.ratio", true},
    {"--storage.agent.wal-compression", false},
    {"--no-storage.agent.wal-compression", false},
    {"--storage.agent.wal-segment-size", true},
    {"--storage.agent.wal-truncate-frequency", true},
    {"--storage.agent.retention.min-time", true},
    {"--storage.agent.retention.max-time", true},
    {"--storage.agent.wal-compression-type", true},
    {"--storage.agent.no-lockfile", false},
    {"--storage.agent.checkpoint-from-in-memory-series", false},
    {"--storage.agent.checkpoint-batch-size", true},
    {"--scrape.adjust-timestamps", false},
    {"--no-scrape.adjust-timestamps", false},
    {"--scrape.timestamp-tolerance", true},
    {"--scrape.discovery-reload-interval", true},
    {"--web.max-notifications-subscribers", true},
    {"--web.console.templates", true},
    {"--web.console.libraries", true},
    {"--web.page-title", true},
    {"--web.user-assets", true},
    {"--web.enable-admin-api", false},
    {"--web.enable-remote-write-receiver", false},
    {"--web.remote-write-receiver.accepted-protobuf-messages", true},
    {"--web.enable-otlp-receiver", false},
}};

// Text values as they stand on the command line, parsed after CLI11 is done with them.
struct RawFlags {
  std::string auto_reload_interval = "30s";
  std::vector<std::string> features;
  std::string flush_deadline = "4s";
  std::string sync_interval = "1s";
  std::string buffer_bytes = "0";
  std::string held_bytes = "64MiB";
  std::string quarantine_bytes = "16MiB";
  std::string body_bytes = "1GiB";
  std::string cluster_member = "0";
  std::string external_url;
  std::string route_prefix;
  std::string read_timeout = "30s";
  std::string cors_origin = ".*";
  std::string log_level = "info";
  std::string log_format = "logfmt";
};

void AddClusterFlags(CLI::App& app, scrape::ClusterConfig& cluster, std::string& member) {
  app.add_option("--cluster.members-count", cluster.members,
                 "How many agents share the targets; 0 or 1: no cluster")
      ->capture_default_str();
  app.add_option("--cluster.member-num", member,
                 "Which of them this one is: a number from 0, or a name that ends with it, as "
                 "sluice-3 of a StatefulSet")
      ->capture_default_str();
  app.add_option("--cluster.replication-factor", cluster.replication,
                 "How many members scrape each target")
      ->capture_default_str();
  app.add_option("--cluster.name", cluster.name,
                 "Tells clusters apart that scrape the same targets: they do at other times");
}

void AddWebFlags(CLI::App& app, Options& options, RawFlags& raw) {
  app.add_option(
         "--web.listen-address", options.web.listen_addresses,
         "Address of the API, the pages and our own metrics; port 0 takes any free one; may "
         "be repeated")
      ->expected(1)
      ->take_all()
      ->default_str("0.0.0.0:9090");
  app.add_option("--web.external-url", raw.external_url,
                 "URL under which this agent is reached from outside");
  app.add_option("--web.route-prefix", raw.route_prefix,
                 "What all paths begin with; where it is not given, the path of the external URL");
  app.add_option("--web.read-timeout", raw.read_timeout,
                 "How long a request may take to arrive, and a connection may be idle")
      ->capture_default_str();
  app.add_option("--web.max-connections", options.web.connections_max,
                 "How many connections are served at once")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--web.cors.origin", raw.cors_origin,
                 "Whose pages may read the API: a regular expression for the whole origin")
      ->capture_default_str();
  app.add_flag("--web.enable-lifecycle", options.enable_lifecycle,
               "Allow POST /-/reload and /-/quit");
}

void AddFlags(CLI::App& app, Options& options, RawFlags& raw) {
  app.add_option("--config.file", options.config_file, "Prometheus configuration file")
      ->capture_default_str();
  app.add_flag("--agent", options.config_flags.agent,
               "Refuse what Prometheus's agent mode refuses; the sections of a server are ignored "
               "otherwise");
  app.add_flag("--config.auto-reload", options.auto_reload,
               "Load the configuration again when it changed");
  app.add_option("--config.auto-reload-interval", raw.auto_reload_interval,
                 "How often to look whether it changed")
      ->capture_default_str();
  app.add_option("--enable-feature", raw.features,
                 "Features of Prometheus, separated by commas; may be repeated")
      ->take_all();
  AddWebFlags(app, options, raw);
  app.add_option("--storage.agent.path", options.data_directory, "Data directory: the buffer")
      ->capture_default_str();
  app.add_option("--storage.agent.max-bytes", raw.buffer_bytes,
                 "Bound of the buffer, e.g. 8GiB; 0 = 10% of the file system, at most 16GiB")
      ->capture_default_str();
  app.add_option("--storage.agent.max-held-bytes", raw.held_bytes,
                 "What may be held in memory while the disk is full or fails")
      ->capture_default_str();
  app.add_option("--storage.agent.quarantine-max-bytes", raw.quarantine_bytes,
                 "Bound of what is kept of refused samples, for each destination; 0 = nothing")
      ->capture_default_str();
  app.add_option("--storage.agent.sync-interval", raw.sync_interval,
                 "What a power cut may lose at most; 0 = sync every append")
      ->capture_default_str();
  app.add_option("--storage.remote.flush-deadline", raw.flush_deadline,
                 "How long to go on sending when asked to stop; the rest stays in the buffer")
      ->capture_default_str();
  app.add_option("--scrape.max-body-size", raw.body_bytes,
                 "Bound of any scraped body, uncompressed, whatever body_size_limit says")
      ->capture_default_str();
  AddClusterFlags(app, options.cluster, raw.cluster_member);
  app.add_option("--log.level", raw.log_level, "debug, info, warn or error")->capture_default_str();
  app.add_option("--log.format", raw.log_format, "logfmt or json")->capture_default_str();
}

void AddIgnoredFlags(CLI::App& app, Options& options) {
  for (const IgnoredFlag& flag : kIgnoredFlags) {
    const std::string name(flag.name);
    const auto note = [&options, name] { options.ignored.push_back(name); };
    if (flag.takes_value) {
      app.add_option_function<std::vector<std::string>>(
             name, [note](const std::vector<std::string>&) { note(); })
          ->group("")
          ->expected(1)
          ->take_all();
    } else {
      app.add_flag_callback(name, note)->group("");
    }
  }
}

// Assigns `parsed` to `target`, or returns the error with the flag's name.
template <class T, class U>
Status Assign(std::string_view flag, Result<T> parsed, U& target) {
  if (!parsed.ok()) return parsed.error().WithContext(flag);
  target = *parsed;
  return Status::Ok();
}

Status FinishFeatures(const RawFlags& raw, Options& options) {
  Result<Features> features = ParseFeatures(raw.features);
  if (!features.ok()) return features.error();
  options.config_flags.extra_scrape_metrics = features->extra_scrape_metrics;
  options.auto_reload = options.auto_reload || features->auto_reload_config;
  options.auto_reload_interval =
      std::max(options.auto_reload_interval, std::chrono::milliseconds(1'000));
  options.warnings = std::move(features->warnings);
  return Status::Ok();
}

Status FinishCluster(const std::string& member, scrape::ClusterConfig& cluster) {
  if (cluster.members == 0) cluster.members = 1;
  Status status = Assign("--cluster.member-num", scrape::ParseMemberNumber(member), cluster.member);
  if (status.ok()) status = scrape::CheckCluster(cluster);
  return status;
}

Status FinishWeb(const RawFlags& raw, Options& options) {
  Status status =
      Assign("--web.external-url",
             OwnUrl::Make(raw.external_url, raw.route_prefix, options.web.listen_addresses.front()),
             options.own_url);
  if (status.ok()) {
    status =
        Assign("--web.read-timeout", ParseDuration(raw.read_timeout), options.web.read_timeout);
  }
  if (status.ok() && options.web.read_timeout <= std::chrono::milliseconds(0)) {
    return InvalidInput("--web.read-timeout: must be more than 0");
  }
  if (status.ok()) {
    status = Assign("--web.cors.origin", Pattern::Compile(raw.cors_origin), options.cors_origin);
  }
  return status;
}

Status FinishOptions(const CLI::App& app, const RawFlags& raw, Options& options) {
  const std::array<Status, 12> steps = {
      Assign("--config.auto-reload-interval", ParseDuration(raw.auto_reload_interval),
             options.auto_reload_interval),
      FinishFeatures(raw, options),
      Assign("--storage.remote.flush-deadline", ParseDuration(raw.flush_deadline),
             options.flush_deadline),
      Assign("--storage.agent.sync-interval", ParseDuration(raw.sync_interval),
             options.sync_interval),
      Assign("--storage.agent.max-bytes", ParseSize(raw.buffer_bytes), options.buffer_bytes_max),
      Assign("--storage.agent.max-held-bytes", ParseSize(raw.held_bytes), options.held_bytes_max),
      Assign("--storage.agent.quarantine-max-bytes", ParseSize(raw.quarantine_bytes),
             options.quarantine_bytes_max),
      Assign("--scrape.max-body-size", ParseSize(raw.body_bytes), options.scrape_body_bytes_max),
      FinishCluster(raw.cluster_member, options.cluster),
      FinishWeb(raw, options),
      Assign("--log.level", ParseLogLevel(raw.log_level), options.log_level),
      Assign("--log.format", ParseLogFormat(raw.log_format), options.log_format),
  };
  for (const Status& step : steps) {
    if (!step.ok()) return step;
  }
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_lnames().empty() || option->get_group().empty()) continue;
    const std::string value =
        option->count() > 0 ? CLI::detail::join(option->results(), ",") : option->get_default_str();
    options.flags[option->get_lnames().front()] = value;
  }
  return Status::Ok();
}

int BadCommandLine(const Status& status) {
  std::cerr << "sluice: " << status.error().message << "\n";
  return 2;
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, const Commands& commands) {
  CLI::App app{"Scrapes Prometheus targets and forwards the samples, losing none.", "sluice"};
  app.set_version_flag("--version", std::string("sluice ") + SLUICE_VERSION);
  app.require_subcommand(0, 1);
  Options options;
  RawFlags raw;
  AddFlags(app, options, raw);
  AddIgnoredFlags(app, options);

  std::string file;
  CLI::App* check = app.add_subcommand("check-config", "Checks a configuration file");
  check->add_option("FILE", file, "Configuration file")->required();
  bool agent = false;
  check->add_flag("--agent", agent, "Refuse what Prometheus's agent mode refuses");

  bool trace = false;
  std::vector<std::string> label_sets;
  CLI::App* relabel = app.add_subcommand("relabel", "Applies relabeling rules to label sets");
  relabel->add_option("--rules", file, "YAML file with a list of rules")->required();
  relabel->add_flag("--trace", trace, "Show what each rule does");
  relabel->add_option("LABELS", label_sets, "Label sets, {a=\"b\"}; none: lines of standard input");

  TargetsRequest request;
  std::string timeout = "30s";
  CLI::App* targets = app.add_subcommand("targets", "Prints what a configuration discovers");
  targets->add_option("FILE", request.config_file, "Configuration file")->required();
  targets->add_option("JOB", request.jobs, "Names of jobs; none: all");
  targets->add_option("--timeout", timeout, "How long to wait for discoveries")
      ->capture_default_str();
  targets->add_flag("--json", request.json, "As JSON");
  std::string member = "0";
  AddClusterFlags(*targets, request.cluster, member);

  RbacRequest rbac;
  CLI::App* rbac_command = app.add_subcommand(
      "rbac", "Prints the Kubernetes roles that a configuration needs, and no more");
  rbac_command->add_option("FILE", rbac.config_file, "Configuration file")->required();
  rbac_command->add_option("--name", rbac.name, "Name of the roles and of the service account")
      ->capture_default_str();
  rbac_command->add_option("--namespace", rbac.ns, "Namespace of the service account")
      ->capture_default_str();

  CLI::App* parse = app.add_subcommand("parse", "Prints what an exposition contains");
  parse->add_option("FILE", file, "File with metrics; - or none: standard input");
  const std::map<std::string, scrape::PageFormat> formats = {
      {"text", scrape::PageFormat::kPrometheusText},
      {"openmetrics", scrape::PageFormat::kOpenMetrics},
      {"protobuf", scrape::PageFormat::kProtobuf}};
  std::string format = "text";
  parse->add_option("--format", format, "Its format; text where nothing is said")
      ->check(CLI::IsMember(formats));

  std::string destination;
  CLI::App* buffer = app.add_subcommand("buffer", "Looks into a data directory");
  buffer->require_subcommand(1);
  CLI::App* inspect = buffer->add_subcommand("inspect", "Prints its content; changes nothing");
  inspect->add_option("DIR", file, "Data directory")->required();
  bool verify = false;
  inspect->add_flag("--verify", verify, "Read every record, so that damage is found");
  CLI::App* forget =
      buffer->add_subcommand("forget", "Drops a destination's backlog; the agent must be stopped");
  forget->add_option("DIR", file, "Data directory")->required();
  forget->add_option("DESTINATION", destination, "Name of the destination")->required();
  remotewrite::QuarantineListing listing;
  CLI::App* quarantine =
      buffer->add_subcommand("quarantine", "Lists what receivers refused, with their words");
  quarantine->add_option("DIR", file, "Data directory")->required();
  quarantine->add_option("--destination", listing.destination, "Only what this one refused");
  quarantine->add_flag("--json", listing.json, "As JSON lines, with the refused requests");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (check->parsed()) return commands.check_config(file, agent);
  if (relabel->parsed()) return commands.relabel(file, trace, label_sets);
  if (targets->parsed()) {
    Status status = Assign("--timeout", ParseDuration(timeout), request.timeout);
    if (status.ok()) status = FinishCluster(member, request.cluster);
    return status.ok() ? commands.targets(request) : BadCommandLine(status);
  }
  if (rbac_command->parsed()) return commands.rbac(rbac);
  if (parse->parsed()) return commands.parse(file.empty() ? "-" : file, formats.at(format));
  if (inspect->parsed()) return commands.buffer_inspect(file, verify);
  if (forget->parsed()) return commands.buffer_forget(file, destination);
  if (quarantine->parsed()) return commands.buffer_quarantine(file, listing);
  if (const Status status = FinishOptions(app, raw, options); !status.ok()) {
    return BadCommandLine(status);
  }
  return commands.run(options);
}

}  // namespace sluice::agent
