#include "agent/explain/series_path.h"

#include <algorithm>
#include <string>
#include <utility>

#include "agent/explain/target_path.h"
#include "agent/rule_text.h"
#include "agent/time_text.h"
#include "base/duration.h"
#include "buffer/layout.h"
#include "remotewrite/explain_delivery.h"
#include "remotewrite/sharding.h"

namespace sluice::agent {
namespace {

// What is on its way has not been held back, as requests wait to be filled.
constexpr double kUsualSeconds = 30;

Stage MetricRelabeling(const scrape::PageView& page, const scrape::ExplainedSeries& series) {
  Stage stage{.name = "metric_relabel_configs", .text = "no rules"};
  if (!series.is_relabeled) {
    stage.text = "not known step by step";
    return stage;
  }
  relabel::LabelsBuilder builder(series.merged);
  const relabel::Program& rules = page.rules.metric_relabel;
  rules.ApplyTraced(builder, [&](const relabel::TraceStep& step) {
    stage.steps.push_back(DescribeStep(step));
    stage.text = "kept";
    if (step.kept) return;
    stage.text = "dropped by metric_relabel_configs[" + std::to_string(step.rule_index) + "] (" +
                 DescribeRule(*step.rule) + ")";
  });
  if (series.state == scrape::SeriesState::kDropped) {
    stage.verdict = Verdict::kStopped;
    const bool by_rule = !stage.steps.empty() && !stage.steps.back().kept;
    if (!by_rule) stage.text = "dropped: metric_relabel_configs leave it no label";
  }
  stage.labels = series.labels;
  return stage;
}

Stage Limits(const scrape::PageView& page, const scrape::ExplainedSeries& series) {
  Stage stage{.name = "limits", .text = "none exceeded"};
  if (series.state == scrape::SeriesState::kRefused) {
    stage.verdict = Verdict::kStopped;
    stage.text = "refused: sample_limit is " + std::to_string(page.rules.sample_limit) +
                 ", and other series were there before";
  } else if (series.state == scrape::SeriesState::kFails) {
    stage.verdict = Verdict::kStopped;
    stage.text = "fails the whole scrape: " + series.error;
  }
  return stage;
}

const remotewrite::DestinationStatus* StatusOf(const AgentView& agent, const std::string& name) {
  const auto found =
      std::find_if(agent.statuses.begin(), agent.statuses.end(),
                   [&](const auto& status) { return status.name == name && !status.leaving; });
  return found == agent.statuses.end() ? nullptr : &*found;
}

uint64_t PendingInLane(const buffer::DestinationProgress& progress,
                       const relabel::Labels& target_labels) {
  std::vector<buffer::LabelView> views;
  for (const relabel::Label& label : target_labels) views.push_back({label.name, label.value});
  const uint64_t lane = buffer::TargetLabels::Of(views)->id.low % buffer::kLaneCount;
  return progress.lanes[lane].pending_samples + progress.backlog[lane].pending_samples;
}

// Since when there are samples that the receiver does not have.
std::string Since(const AgentView& agent, const remotewrite::DestinationStatus& status) {
  const auto ago = static_cast<TimestampMs>(status.pending_seconds * 1000);
  return " since " + ShortTime(agent.now_ms - ago, agent.now_ms);
}

std::string CatchUpText(const remotewrite::DestinationStatus& status) {
  if (!status.catch_up) return "";
  return ", caught up in about " + FormatDuration(*status.catch_up);
}

// How the receiver takes what it is sent.
void TellProgress(const AgentView& agent, const relabel::Labels& target_labels,
                  const std::string& tenant, Stage& stage) {
  const remotewrite::DestinationStatus* const status = StatusOf(agent, stage.name);
  if (status == nullptr) {
    stage.verdict = Verdict::kUnknown;
    stage.text = "not known of " + stage.name + ", which is not running";
    return;
  }
  const auto trouble =
      std::find_if(status->troubles.begin(), status->troubles.end(),
                   [&](const remotewrite::TenantTrouble& each) { return each.tenant == tenant; });
  const bool in_trouble = !tenant.empty() && trouble != status->troubles.end();
  const bool refuses = status->state == remotewrite::DestinationState::kPaused ||
                       status->state == remotewrite::DestinationState::kRetrying;
  const uint64_t pending = PendingInLane(status->progress, target_labels);
  stage.text = "delivered to " + stage.name;
  if (status->progress.full_at != 0) {
    stage.verdict = Verdict::kStopped;
    stage.text = "not accepted for " + stage.name + ": its disk budget is full";
    return;
  }
  if (in_trouble) {
    stage.verdict = Verdict::kHeld;
    stage.text =
        "held back for tenant " + tenant + " of " + stage.name + ": " + trouble->last_error;
  } else if (refuses && pending > 0) {
    stage.verdict = Verdict::kHeld;
    stage.text = "held back for " + stage.name + Since(agent, *status) + ": " + status->last_error;
  } else if (status->progress.ledger.acknowledged == 0) {
    stage.verdict = Verdict::kHeld;
    stage.text = "to be delivered to " + stage.name + ", which has acknowledged nothing yet";
  } else if (pending > 0 && status->pending_seconds > kUsualSeconds) {
    stage.verdict = Verdict::kHeld;
    stage.text = "on its way to " + stage.name + ", which lacks samples" + Since(agent, *status) +
                 CatchUpText(*status);
  }
  if (!tenant.empty() && !in_trouble) stage.text += " for tenant " + tenant;
  if (status->quarantined_samples == 0) return;
  stage.text += " (" + std::to_string(status->quarantined_samples) +
                " samples of any series were refused for good since the start)";
}

std::string DropText(const remotewrite::DestinationConfig& destination,
                     const remotewrite::ExplainedDelivery& delivery, const std::string& name) {
  switch (delivery.fate) {
    case remotewrite::SeriesFate::kDropped:
      return "dropped for " + name + " by write_relabel_configs[" +
             std::to_string(*delivery.dropped_by) + "] (" +
             DescribeRule(destination.write_relabel.rules().at(*delivery.dropped_by)) + ")";
    case remotewrite::SeriesFate::kUnfit:
      return "not sent to " + name +
             ": relabeled, it has no metric name or a text that is not UTF-8";
    case remotewrite::SeriesFate::kWithoutTenant:
      return "not sent to " + name + ": it has no tenant that its requests could name";
    case remotewrite::SeriesFate::kElsewhere:
      return "not for " + name + ": another member of its group gets it";
    case remotewrite::SeriesFate::kSent:
      break;
  }
  return "";
}

}  // namespace

void ExplainSeries(const scrape::PageView& page, const scrape::ExplainedSeries& series,
                   Path& path) {
  path.is_series = true;
  const bool is_stored = series.state == scrape::SeriesState::kStored;
  path.labels = is_stored ? series.labels : series.merged;
  path.stages.push_back(MetricRelabeling(page, series));
  if (series.state == scrape::SeriesState::kDropped) return;
  path.stages.push_back(Limits(page, series));
  if (!is_stored) return;
  path.stages.push_back({.name = "layout",
                         .text = "one of " + std::to_string(page.series_count) +
                                 " series of its target's last page"});
}

void ExplainDeliveries(const AgentView& agent, const relabel::Labels& target_labels,
                       const relabel::Labels& series, Path& path) {
  for (const remotewrite::DestinationConfig& destination : *agent.destinations) {
    const remotewrite::ExplainedDelivery delivery =
        remotewrite::ExplainDelivery(destination, series);
    Stage stage{.name = remotewrite::ShownName(destination.name)};
    for (const relabel::TraceStep& step : delivery.steps) stage.steps.push_back(DescribeStep(step));
    stage.labels = delivery.labels;
    if (delivery.fate == remotewrite::SeriesFate::kSent) {
      TellProgress(agent, target_labels, delivery.tenant, stage);
    } else {
      stage.verdict = Verdict::kStopped;
      stage.text = DropText(destination, delivery, stage.name);
    }
    path.deliveries.push_back(std::move(stage));
  }
}

relabel::Labels DeliveredLabels(const remotewrite::DestinationConfig& destination,
                                const relabel::Labels& series) {
  relabel::LabelsBuilder builder(series);
  for (const relabel::Label& label : destination.external_labels) {
    if (builder.Get(label.name).empty()) builder.Set(label.name, label.value);
  }
  return destination.write_relabel.Apply(builder) ? builder.Build() : relabel::Labels();
}

}  // namespace sluice::agent
