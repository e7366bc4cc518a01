#include "agent/targets_command.h"

#include <algorithm>
#include <map>
#include <ostream>
#include <string_view>
#include <utility>

#include "agent/api/json_tree.h"
#include "agent/rule_text.h"
#include "base/duration.h"
#include "base/public_url.h"
#include "scrape/explain_targets.h"

namespace sluice::agent {
namespace {

// A discovery of a job, as its entry in the file is called.
struct SourceReport {
  std::string name;  // "http_sd_configs[0]"
  scrape::FirstSet set;
};

enum class State { kActive, kDropped, kInvalid };

struct TargetReport {
  scrape::ExplainedTarget target;
  State state = State::kActive;
  std::string reason;  // why it is not scraped; empty if it is
};

struct JobReport {
  const scrape::JobConfig* job = nullptr;
  std::vector<SourceReport> sources;
  std::vector<TargetReport> targets;  // active ones first
};

std::string_view StateName(State state) {
  switch (state) {
    case State::kActive:
      return "active";
    case State::kDropped:
      return "dropped";
    case State::kInvalid:
      return "invalid";
  }
  return "";
}

TargetReport ReportOf(const scrape::JobConfig& job, scrape::ExplainedTarget target) {
  TargetReport report;
  if (target.dropped_by) {
    const size_t rule = *target.dropped_by;
    report.state = State::kDropped;
    report.reason = "relabel_configs[" + std::to_string(rule) +
                    "]: " + DescribeRule(job.relabel.rules().at(rule));
  } else if (target.is_same_as) {
    report.state = State::kDropped;
    report.reason = "the same target as " + target.is_same_as->ToString();
  } else if (!target.scraped_by.empty()) {
    report.state = State::kDropped;
    report.reason = scrape::ScrapedBy(target.scraped_by);
  } else if (!target.error.empty()) {
    report.state = State::kInvalid;
    report.reason = target.error;
  }
  report.target = std::move(target);
  return report;
}

size_t Count(const JobReport& report, State state) {
  return static_cast<size_t>(
      std::count_if(report.targets.begin(), report.targets.end(),
                    [state](const TargetReport& target) { return target.state == state; }));
}

// Above the limit, a job has its targets and scrapes none of them.
void ApplyTargetLimit(JobReport& report) {
  const uint64_t limit = report.job->target_limit;
  const size_t active = Count(report, State::kActive);
  if (limit == 0 || active <= limit) return;
  for (TargetReport& target : report.targets) {
    if (target.state != State::kActive) continue;
    target.reason = "not scraped: target_limit is " + std::to_string(limit) + ", and there are " +
                    std::to_string(active) + " targets";
  }
}

void Explain(const scrape::ClusterConfig& cluster, JobReport& report) {
  scrape::TargetGroups groups = report.job->static_groups;
  for (const SourceReport& source : report.sources) {
    groups.insert(groups.end(), source.set.groups.begin(), source.set.groups.end());
  }
  for (scrape::ExplainedTarget& target : scrape::ExplainTargets(*report.job, groups, cluster)) {
    report.targets.push_back(ReportOf(*report.job, std::move(target)));
  }
  std::stable_sort(report.targets.begin(), report.targets.end(),
                   [](const TargetReport& a, const TargetReport& b) { return a.state < b.state; });
  ApplyTargetLimit(report);
}

size_t TargetCount(const scrape::TargetGroups& groups) {
  size_t count = 0;
  for (const scrape::TargetGroup& group : groups) count += group.targets.size();
  return count;
}

std::string FailureOf(const scrape::FirstSet& set, std::chrono::milliseconds timeout) {
  if (!set.errors.empty()) return set.errors.back();
  return set.complete ? "" : "no answer within " + FormatDuration(timeout);
}

void PrintSource(const SourceReport& source, std::chrono::milliseconds timeout, std::ostream& out) {
  const std::string failure = FailureOf(source.set, timeout);
  out << "  " << source.name << ": " << TargetCount(source.set.groups) << " found";
  if (!failure.empty()) out << (source.set.complete ? "; " : "; failed: ") << failure;
  out << "\n";
  for (const std::string& warning : source.set.warnings) out << "    left out: " << warning << "\n";
}

void PrintTarget(const TargetReport& report, std::ostream& out) {
  const scrape::ExplainedTarget& target = report.target;
  out << "  " << StateName(report.state);
  if (target.target) out << " " << PublicUrl(target.target->url);
  out << "\n    discovered " << target.discovered_labels.ToString() << "\n";
  if (target.target) out << "    labels     " << target.target->labels.ToString() << "\n";
  if (!report.reason.empty()) out << "    because    " << report.reason << "\n";
}

void PrintJob(const JobReport& report, std::chrono::milliseconds timeout, std::ostream& out) {
  out << "job " << report.job->name << ": " << Count(report, State::kActive) << " active, "
      << Count(report, State::kDropped) << " dropped, " << Count(report, State::kInvalid)
      << " invalid\n";
  if (!report.job->static_groups.empty()) {
    out << "  static_configs: " << TargetCount(report.job->static_groups) << " found\n";
  }
  for (const SourceReport& source : report.sources) PrintSource(source, timeout, out);
  for (const TargetReport& target : report.targets) PrintTarget(target, out);
}

Json TargetJson(const JobReport& report, const TargetReport& target) {
  const auto& scraped = target.target.target;
  Json json{{"job", report.job->name},
            {"state", StateName(target.state)},
            {"discoveredLabels", LabelsJson(target.target.discovered_labels)},
            {"labels", scraped ? LabelsJson(scraped->labels) : Json::object()}};
  if (scraped) {
    json["scrapeUrl"] = PublicUrl(scraped->url);
    json["scrapeInterval"] = FormatDuration(scraped->interval);
    json["scrapeTimeout"] = FormatDuration(scraped->timeout);
  }
  if (!target.reason.empty()) json["reason"] = target.reason;
  return json;
}

void PrintJson(const std::vector<JobReport>& reports, std::chrono::milliseconds timeout,
               std::ostream& out) {
  Json discoveries = Json::array();
  Json targets = Json::array();
  for (const JobReport& report : reports) {
    for (const SourceReport& source : report.sources) {
      discoveries.push_back(Json{{"job", report.job->name},
                                 {"discovery", source.name},
                                 {"complete", source.set.complete},
                                 {"found", TargetCount(source.set.groups)},
                                 {"error", FailureOf(source.set, timeout)},
                                 {"leftOut", source.set.warnings}});
    }
    for (const TargetReport& target : report.targets) {
      targets.push_back(TargetJson(report, target));
    }
  }
  const Json all{{"discoveries", std::move(discoveries)}, {"targets", std::move(targets)}};
  out << all.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
}

// The jobs that were asked for, in the order of the file.
Result<std::vector<JobReport>> ChooseJobs(const Config& config,
                                          const std::vector<std::string>& names) {
  std::vector<JobReport> reports;
  for (const scrape::JobConfig& job : config.jobs) {
    const bool wanted =
        names.empty() || std::find(names.begin(), names.end(), job.name) != names.end();
    if (wanted) reports.push_back({.job = &job, .sources = {}, .targets = {}});
  }
  for (const std::string& name : names) {
    const bool is_there = std::any_of(reports.begin(), reports.end(), [&](const JobReport& report) {
      return report.job->name == name;
    });
    if (!is_there) return InvalidInput("no such job: " + name);
  }
  return reports;
}

void Discover(const TargetsCommand& command, std::vector<JobReport>& reports) {
  std::vector<scrape::DiscoveryConfig> configs;
  for (const JobReport& report : reports) {
    const auto& own = report.job->discoveries;
    configs.insert(configs.end(), own.begin(), own.end());
  }
  std::vector<scrape::FirstSet> sets = command.discover(configs);
  size_t next = 0;
  for (JobReport& report : reports) {
    std::map<std::string, size_t> counts;
    for (const scrape::DiscoveryConfig& discovery : report.job->discoveries) {
      const std::string field = scrape::MechanismName(discovery) + "_sd_configs";
      const std::string index = std::to_string(counts[field]++);
      report.sources.push_back(
          {.name = field + "[" + index + "]", .set = std::move(sets.at(next++))});
    }
  }
}

}  // namespace

int RunTargetsCommand(const TargetsCommand& command, std::ostream& out, std::ostream& err) {
  const TargetsRequest& request = command.request;
  const Result<Config> config = LoadConfig(request.config_file, command.environment);
  if (!config.ok()) {
    err << "sluice: " << config.error().message << "\n";
    return 1;
  }
  Result<std::vector<JobReport>> reports = ChooseJobs(*config, request.jobs);
  if (!reports.ok()) {
    err << "sluice: " << reports.error().message << "\n";
    return 1;
  }
  Discover(command, *reports);
  bool all_well = true;
  for (JobReport& report : *reports) {
    Explain(request.cluster, report);
    for (const SourceReport& source : report.sources) {
      const std::string failure = FailureOf(source.set, request.timeout);
      if (failure.empty()) continue;
      all_well = false;
      err << "sluice: job " << report.job->name << ": " << source.name << ": " << failure << "\n";
    }
  }
  if (request.json) {
    PrintJson(*reports, request.timeout, out);
  } else {
    for (const JobReport& report : *reports) PrintJob(report, request.timeout, out);
  }
  return all_well ? 0 : 1;
}

}  // namespace sluice::agent
