#include "agent/command_line.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "agent/flags/options_reader.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

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

// Assigns `parsed` to `target`, or returns the error with the flag's name.
template <class T, class U>
Status Assign(std::string_view flag, Result<T> parsed, U& target) {
  if (!parsed.ok()) return parsed.error().WithContext(flag);
  target = *parsed;
  return Status::Ok();
}

Status FinishCluster(const std::string& member, scrape::ClusterConfig& cluster) {
  if (cluster.members == 0) cluster.members = 1;
  Status status = Assign("--cluster.member-num", scrape::ParseMemberNumber(member), cluster.member);
  if (status.ok()) status = scrape::CheckCluster(cluster);
  return status;
}

int BadCommandLine(const Error& error) {
  std::cerr << "sluice: " << error.message << "\n";
  return 2;
}

// The order and the words are what the completions of shells look for.
void PrintHelp(const CLI::App& app) {
  std::cout
      << app.get_description()
      << "\n\nUsage: sluice [flags]            runs the agent\n"
         "       sluice COMMAND --help     says more about a command\n\nFlags:\n"
      << FlagsHelp()
      << "  --version\n        Print the version\n\nFlags of Prometheus and vmagent are taken, "
         "too: see docs/drop_in.md.\n\nSubcommands:\n";
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    std::cout << "  " << command->get_name() << "  " << command->get_description() << "\n";
  }
}

// `sluice [flags]`.
int RunAgentFlags(const CLI::App& app, const std::vector<std::string>& arguments,
                  const Commands& commands) {
  const Result<ReadOptions> read = ReadOptionsFrom(arguments, commands.environment);
  if (!read.ok()) return BadCommandLine(read.error());
  if (read->help) {
    PrintHelp(app);
    return 0;
  }
  if (read->version) {
    std::cout << "sluice " << SLUICE_VERSION << "\n";
    return 0;
  }
  if (!read->mismatched.empty()) {
    std::cerr << "sluice: the following flag(s) can not be used in agent mode:";
    for (const std::string& flag : read->mismatched) std::cerr << " " << flag;
    std::cerr << "\n";
    return 3;
  }
  const Options& options = read->options;
  if (options.dry_run) return commands.check_config(options.config_file, options.config_flags);
  return commands.run(options);
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, const Commands& commands) {
  CLI::App app{"Scrapes Prometheus targets and forwards the samples, losing none.", "sluice"};
  app.require_subcommand(1);

  std::string file;
  CLI::App* check = app.add_subcommand("check-config", "Checks a configuration file");
  check->add_option("FILE", file, "Configuration file")->required();
  bool agent = false;
  check->add_flag("--agent", agent, "Refuse what Prometheus's agent mode refuses");

  std::vector<std::string> files;
  CLI::App* check_web = app.add_subcommand("check-web-config", "Checks files of --web.config.file");
  check_web->add_option("FILE", files, "Web configuration files")->required();

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

  PlanRequest plan;
  CLI::App* plan_command = app.add_subcommand("plan", "Prints what a reload would change");
  plan_command->add_option("NEW", plan.new_file, "Configuration file to be")->required();
  plan_command->add_option("--config.file", plan.old, "What runs: a file, or the URL of the agent")
      ->capture_default_str();
  plan_command->add_option("--timeout", timeout, "How long to wait for discoveries and the agent")
      ->capture_default_str();
  AddClusterFlags(*plan_command, plan.cluster, member);

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

  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  if (arguments.empty() || arguments.front().starts_with('-')) {
    return RunAgentFlags(app, arguments, commands);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  if (check->parsed()) return commands.check_config(file, {.agent = agent});
  if (check_web->parsed()) return commands.check_web_config(files);
  if (relabel->parsed()) return commands.relabel(file, trace, label_sets);
  if (targets->parsed()) {
    Status status = Assign("--timeout", ParseDuration(timeout), request.timeout);
    if (status.ok()) status = FinishCluster(member, request.cluster);
    return status.ok() ? commands.targets(request) : BadCommandLine(status.error());
  }
  if (plan_command->parsed()) {
    Status status = Assign("--timeout", ParseDuration(timeout), plan.timeout);
    if (status.ok()) status = FinishCluster(member, plan.cluster);
    return status.ok() ? commands.plan(plan) : BadCommandLine(status.error());
  }
  if (rbac_command->parsed()) return commands.rbac(rbac);
  if (parse->parsed()) return commands.parse(file.empty() ? "-" : file, formats.at(format));
  if (inspect->parsed()) return commands.buffer_inspect(file, verify);
  if (forget->parsed()) return commands.buffer_forget(file, destination);
  if (quarantine->parsed()) return commands.buffer_quarantine(file, listing);
  return 2;
}

}  // namespace sluice::agent
