#include "agent/plan/plan_command.h"

#include <map>
#include <ostream>
#include <string_view>
#include <utility>

#include "agent/plan/plan_text.h"
#include "agent/plan/running_side.h"
#include "base/duration.h"
#include "base/public_url.h"
#include "remotewrite/sharding.h"
#include "scrape/explain_targets.h"

namespace sluice::agent {
namespace {

constexpr int kNothingChanges = 0;
constexpr int kNotFoundOut = 1;
constexpr int kBadFile = 2;
constexpr int kChanges = 3;

bool IsUrl(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://");
}

std::string FailureOf(const scrape::FirstSet& set, std::chrono::milliseconds timeout) {
  if (!set.errors.empty()) return set.errors.back();
  return set.complete ? "" : "no answer within " + FormatDuration(timeout);
}

JobTargets TargetsOf(const scrape::JobConfig& job, std::vector<scrape::FirstSet> sets,
                     const PlanRequest& request) {
  JobTargets result;
  scrape::TargetGroups groups = job.static_groups;
  for (size_t i = 0; i < sets.size(); ++i) {
    const std::string failure = FailureOf(sets[i], request.timeout);
    if (!failure.empty()) {
      result.unknown = scrape::MechanismName(job.discoveries[i]) + "_sd_configs: " + failure;
    }
    groups.insert(groups.end(), sets[i].groups.begin(), sets[i].groups.end());
  }
  for (const auto& explained : scrape::ExplainTargets(job, groups, request.cluster)) {
    if (!explained.target || !explained.scraped_by.empty()) continue;
    result.targets.push_back({.url = PublicUrl(explained.target->url),
                              .labels = explained.target->labels,
                              .interval = explained.target->interval,
                              .timeout = explained.target->timeout});
  }
  return result;
}

// What configurations find; discoveries that they have in common run once.
std::vector<PlanSide> SidesOf(const PlanCommand& command, const std::vector<Config>& configs) {
  std::vector<scrape::DiscoveryConfig> discoveries;
  for (const Config& config : configs) {
    for (const scrape::JobConfig& job : config.jobs) {
      discoveries.insert(discoveries.end(), job.discoveries.begin(), job.discoveries.end());
    }
  }
  std::vector<scrape::FirstSet> found = command.discover(discoveries);
  std::vector<PlanSide> sides;
  size_t next = 0;
  for (const Config& config : configs) {
    PlanSide side{.shown = config.shown, .jobs = {}};
    for (const scrape::JobConfig& job : config.jobs) {
      const size_t end = next + job.discoveries.size();
      std::vector<scrape::FirstSet> sets;
      for (; next < end; ++next) sets.push_back(std::move(found.at(next)));
      side.jobs[job.name] = TargetsOf(job, std::move(sets), command.request);
      side.fingerprints[job.name] = job.fingerprint;
    }
    for (const auto& destination : config.destinations) {
      side.fingerprints[remotewrite::ShownName(destination.name)] = destination.fingerprint;
    }
    sides.push_back(std::move(side));
  }
  return sides;
}

int Finish(const PlanSide& before, const PlanSide& after, std::ostream& out, std::ostream& err) {
  const Result<Plan> plan = MakePlan(before, after);
  if (!plan.ok()) {
    err << "sluice: " << plan.error().message << "\n";
    return kBadFile;
  }
  PrintPlan(*plan, out);
  if (plan->is_incomplete()) return kNotFoundOut;
  return plan->has_changes() ? kChanges : kNothingChanges;
}

}  // namespace

int RunPlanCommand(const PlanCommand& command, std::ostream& out, std::ostream& err) {
  const PlanRequest& request = command.request;
  std::vector<Config> configs;
  std::vector<std::string> files = {request.new_file};
  if (!IsUrl(request.old)) files.push_back(request.old);
  for (const std::string& file : files) {
    Result<Config> config = LoadConfig(file, command.environment);
    if (!config.ok()) {
      err << "sluice: " << config.error().message << "\n";
      return kBadFile;
    }
    configs.push_back(std::move(*config));
  }
  if (!IsUrl(request.old)) {
    const std::vector<PlanSide> sides = SidesOf(command, configs);
    return Finish(sides.at(1), sides.at(0), out, err);
  }
  const Result<PlanSide> running = AskRunningAgent(request.old, command.fetch);
  if (!running.ok()) {
    err << "sluice: " << running.error().message << "\n";
    return kNotFoundOut;
  }
  return Finish(*running, SidesOf(command, configs).at(0), out, err);
}

}  // namespace sluice::agent
