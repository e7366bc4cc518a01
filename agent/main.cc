// The `sluice` program: the agent itself, and the tools that users have beside it.
#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include <malloc.h>

#include "agent/agent.h"
#include "agent/command_line.h"
#include "agent/config/check.h"
#include "agent/main_loop.h"
#include "agent/plan/http_fetch.h"
#include "agent/progress_line.h"
#include "agent/rbac_command.h"
#include "agent/relabel_command.h"
#include "agent/signals.h"
#include "agent/supervisor.h"
#include "agent/targets_command.h"
#include "base/file.h"
#include "buffer/inspect.h"
#include "scrape/discovery/discover_once.h"
#include "scrape/discovery/file/file_discovery.h"
#include "scrape/parse_command.h"

namespace sluice::agent {
namespace {

constexpr size_t kRulesBytesMax = 16 << 20;
constexpr size_t kExpositionBytesMax = 1 << 30;

int Fail(const Error& error) {
  std::cerr << "sluice: " << error.message << "\n";
  return 1;
}

// Freed memory of a burst stays with the process instead of going back and forth, which costs page
// faults; but no more of it than a few requests, for each of a handful of threads.
void TuneAllocator() {
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

// As many files as may be had: each target keeps its connection. What waits with select(), for
// which shells keep the limit low, is not here.
void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

int RunAgent(const Options& options) {
  TuneAllocator();
  RaiseFileLimit();
  Signals signals;  // before any thread
  const Logger logger(MakeStderrSink(options.log_level, options.log_format));
  logger.Info("starting", {{"version", SLUICE_VERSION}});
  for (const std::string& warning : options.warnings) logger.Warn(warning);
  for (const std::string& flag : options.ignored) {
    logger.Warn("flag accepted for compatibility; it has no effect", {{"flag", flag}});
  }
  const Supervisor supervisor(ProcessEnvironment, getpid());
  if (!supervisor.status().ok()) logger.Warn(supervisor.status().error().message);
  supervisor.Describe("loading the configuration, opening the buffer");
  Result<std::unique_ptr<Agent>> agent = Agent::Start(options, logger);
  if (!agent.ok()) {
    logger.Error("cannot start", {{"err", agent.error().message}});
    supervisor.Describe("cannot start: " + agent.error().message);
    return agent.error().code == ErrorCode::kInvalidInput ? 2 : 1;
  }
  const SystemClock clock;
  MainLoop loop(**agent, signals, supervisor, clock, logger);
  loop.Run();
  loop.Stop(options.flush_deadline);
  return 0;
}

int CheckConfigFile(const std::string& path, const ConfigFlags& flags) {
  ConfigChecks checks;
  checks.flags = flags;
  checks.environment = ProcessEnvironment;
  checks.match_files = scrape::MatchFiles;
  checks.check_target_file = [](const std::string& file) {
    const auto groups = scrape::ReadTargetFile(file);
    return groups.ok() ? Status::Ok() : Status(groups.error());
  };
  return CheckConfig(path, checks, std::cout, std::cerr);
}

int CheckWebConfigs(const std::vector<std::string>& files) {
  bool all_good = true;
  for (const std::string& file : files) {
    const Result<WebConfig> config = LoadWebConfig(file);
    all_good = all_good && config.ok();
    if (config.ok()) {
      std::cout << file << " SUCCESS\n";
    } else {
      std::cerr << file << " FAILED: " << config.error().message << "\n";
    }
  }
  return all_good ? 0 : 1;
}

int Relabel(const std::string& rules_file, bool trace, const std::vector<std::string>& label_sets) {
  Result<std::string> rules = ReadFile(rules_file, kRulesBytesMax);
  if (!rules.ok()) return Fail(rules.error());
  RelabelCommand command;
  command.rules_text = std::move(*rules);
  command.rules_name = rules_file;
  command.label_sets = label_sets;
  command.trace = trace;
  return RunRelabelCommand(command, std::cin, std::cout, std::cerr);
}

std::vector<scrape::FirstSet> Discover(const std::vector<scrape::DiscoveryConfig>& configs,
                                       std::chrono::milliseconds timeout) {
  const SystemClock clock;
  return scrape::DiscoverOnce(
      configs, {.timeout = timeout, .user_agent = std::string("sluice/") + SLUICE_VERSION}, clock);
}

int PrintPlanOf(const PlanRequest& request) {
  PlanCommand command;
  command.request = request;
  command.environment = ProcessEnvironment;
  command.discover = [&](const auto& configs) { return Discover(configs, request.timeout); };
  command.fetch = [&](const std::string& url) {
    const SystemClock clock;
    return FetchHttp(url, request.timeout, clock);
  };
  return RunPlanCommand(command, std::cout, std::cerr);
}

int PrintTargets(const TargetsRequest& request) {
  TargetsCommand command;
  command.request = request;
  command.environment = ProcessEnvironment;
  command.discover = [&](const auto& configs) { return Discover(configs, request.timeout); };
  return RunTargetsCommand(command, std::cout, std::cerr);
}

Result<std::string> ReadStandardInput() {
  std::string text;
  std::array<char, 1 << 16> piece{};
  while (std::cin.read(piece.data(), piece.size()) || std::cin.gcount() > 0) {
    text.append(piece.data(), static_cast<size_t>(std::cin.gcount()));
    if (text.size() > kExpositionBytesMax) return InvalidInput("standard input is too large");
  }
  return text;
}

int Parse(const std::string& path, scrape::PageFormat format) {
  const Result<std::string> text =
      path == "-" ? ReadStandardInput() : ReadFile(path, kExpositionBytesMax);
  if (!text.ok()) return Fail(text.error());
  const Status status = scrape::PrintExposition(*text, format, std::cout);
  return status.ok() ? 0 : Fail(status.error());
}

Status InspectShowingProgress(const std::string& directory, bool verify, std::ostream& out) {
  ProgressLine line("reading the buffer", isatty(STDERR_FILENO) == 1, std::cerr);
  buffer::InspectOptions options;
  options.verify = verify;
  options.on_progress = [&line](uint64_t done, uint64_t all) { line.Show(done, all); };
  return buffer::Inspect(directory, options, out);
}

int InspectBuffer(const std::string& directory, bool verify) {
  std::ostringstream found;  // to be printed once the line of the progress is gone
  const Status status = InspectShowingProgress(directory, verify, found);
  std::cout << found.str();
  return status.ok() ? 0 : Fail(status.error());
}

int ForgetDestination(const std::string& directory, const std::string& destination) {
  const SystemClock clock;
  Telemetry telemetry;
  buffer::LogOptions options;
  options.directory = directory;
  if (!std::filesystem::is_directory(directory)) {
    return Fail(InvalidInput(directory + ": no such directory"));
  }
  const Result<std::unique_ptr<buffer::Log>> log =
      buffer::Log::Open(options, clock, Logger(), telemetry);
  if (!log.ok()) return Fail(log.error());
  const std::vector<buffer::DestinationProgress> all = (*log)->AllProgress();
  const auto progress = std::find_if(all.begin(), all.end(), [&](const auto& each) {
    return buffer::PrintableName(each.name) == destination;
  });
  if (progress == all.end()) return Fail(InvalidInput("no such destination: " + destination));
  const Status status = (*log)->Forget(progress->name);
  if (!status.ok()) return Fail(status.error());
  std::cout << destination << ": forgotten, with " << progress->ledger.pending
            << " pending samples\n";
  return 0;
}

int ListQuarantine(const std::string& directory, const remotewrite::QuarantineListing& listing) {
  if (!std::filesystem::is_directory(directory)) {
    return Fail(InvalidInput(directory + ": no such directory"));
  }
  const Status status = remotewrite::ListQuarantine(directory + "/quarantine", listing, std::cout);
  return status.ok() ? 0 : Fail(status.error());
}

}  // namespace

int Main(int argc, char** argv) {
  Commands commands;
  commands.environment = ProcessEnvironment;
  commands.run = RunAgent;
  commands.check_config = CheckConfigFile;
  commands.check_web_config = CheckWebConfigs;
  commands.relabel = Relabel;
  commands.targets = PrintTargets;
  commands.plan = PrintPlanOf;
  commands.rbac = [](const RbacRequest& request) {
    return RunRbacCommand(request, ProcessEnvironment, std::cout, std::cerr);
  };
  commands.parse = Parse;
  commands.buffer_inspect = InspectBuffer;
  commands.buffer_forget = ForgetDestination;
  commands.buffer_quarantine = ListQuarantine;
  return RunCommandLine(argc, argv, commands);
}

}  // namespace sluice::agent

int main(int argc, char** argv) {
  try {
    return sluice::agent::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "sluice: " << error.what() << "\n";
    return 1;
  }
}
