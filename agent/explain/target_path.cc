#include "agent/explain/target_path.h"

#include <utility>

#include "agent/rule_text.h"
#include "agent/time_text.h"
#include "base/duration.h"
#include "base/public_url.h"

namespace sluice::agent {
namespace {

std::string RuleName(std::string_view list, const relabel::TraceStep& step) {
  return std::string(list) + "[" + std::to_string(step.rule_index) + "] (" +
         DescribeRule(*step.rule) + ")";
}

Stage Discovery(const Candidate& candidate) {
  const std::string_view address = candidate.target.discovered_labels.Get("__address__");
  Stage stage{.name = "discovery", .text = "found"};
  if (!address.empty()) stage.text += " as " + std::string(address);
  const bool is_restored =
      candidate.status && candidate.pool->restored.contains(candidate.status->id);
  if (is_restored) stage.text += " before the start; its discovery has not answered since";
  stage.labels = candidate.target.discovered_labels;
  return stage;
}

Stage Relabeling(const Candidate& candidate) {
  const scrape::ExplainedTarget& target = candidate.target;
  Stage stage{.name = "relabel_configs", .text = "no rules"};
  relabel::LabelsBuilder builder(target.discovered_labels);
  candidate.pool->job->relabel.ApplyTraced(builder, [&](const relabel::TraceStep& step) {
    stage.steps.push_back(DescribeStep(step));
    stage.text = "kept";
    if (step.kept) return;
    stage.verdict = Verdict::kStopped;
    stage.text = "dropped by " + RuleName("relabel_configs", step);
  });
  if (target.target) stage.labels = target.target->labels;
  return stage;
}

// What else may keep a target from being scraped.
Stage Limits(const Candidate& candidate) {
  const scrape::ExplainedTarget& target = candidate.target;
  const uint64_t limit = candidate.pool->job->target_limit;
  const size_t count = candidate.pool->ids.size();
  Stage stage{.name = "target", .verdict = Verdict::kStopped};
  if (!target.error.empty()) {
    stage.text = "cannot be a target: " + target.error;
  } else if (target.is_same_as) {
    stage.text = "the same target as " + target.is_same_as->ToString();
  } else if (!target.scraped_by.empty()) {
    stage.text = scrape::ScrapedBy(target.scraped_by);
  } else if (limit != 0 && count > limit) {
    stage.text = "not scraped: target_limit is " + std::to_string(limit) + ", and there are " +
                 std::to_string(count) + " targets";
  } else {
    stage.verdict = Verdict::kPassed;
    stage.text = target.target ? PublicUrl(target.target->url) : "";
  }
  return stage;
}

Stage Scrape(const Candidate& candidate, TimestampMs now_ms) {
  Stage stage{.name = "scrape", .verdict = Verdict::kUnknown};
  if (!candidate.status) {
    stage.text = "not scraped yet";
    return stage;
  }
  const scrape::TargetStatus& status = *candidate.status;
  switch (status.health) {
    case scrape::TargetHealth::kUnknown:
      stage.text = "not scraped yet; it will be within " + FormatDuration(status.scrape_interval);
      break;
    case scrape::TargetHealth::kUp:
      stage.verdict = Verdict::kPassed;
      stage.text = "up, last scraped at " + ShortTime(status.last_scrape_ms, now_ms);
      break;
    case scrape::TargetHealth::kDown:
      stage.verdict = Verdict::kStopped;
      stage.text = "the scrape at " + ShortTime(status.last_scrape_ms, now_ms) +
                   " failed: " + status.last_error;
      break;
  }
  return stage;
}

}  // namespace

relabel::Labels LabelsOf(const Candidate& candidate) {
  const scrape::ExplainedTarget& target = candidate.target;
  relabel::LabelsBuilder builder(target.discovered_labels);
  if (target.target) {
    for (const relabel::Label& label : target.target->labels) builder.Set(label.name, label.value);
  } else if (builder.Get("instance").empty()) {
    builder.Set("instance", target.discovered_labels.Get("__address__"));
  }
  return builder.Build();
}

Path ExplainTarget(const Candidate& candidate, TimestampMs now_ms) {
  Path path{.job = candidate.pool->job->name};
  path.labels = candidate.target.target ? candidate.target.target->labels : LabelsOf(candidate);
  path.stages.push_back(Discovery(candidate));
  path.stages.push_back(Relabeling(candidate));
  if (StopOf(path) == nullptr) path.stages.push_back(Limits(candidate));
  if (StopOf(path) == nullptr) path.stages.push_back(Scrape(candidate, now_ms));
  return path;
}

const Stage* StopOf(const Path& path) {
  for (const Stage& stage : path.stages) {
    if (stage.verdict != Verdict::kPassed) return &stage;
  }
  return nullptr;
}

}  // namespace sluice::agent
