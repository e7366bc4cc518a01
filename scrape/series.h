// From a line of an exposition to what its series is, on top of its target's labels.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "buffer/chunk.h"
#include "relabel/labels.h"
#include "relabel/program.h"
#include "relabel/rule.h"
#include "scrape/entry.h"
#include "scrape/histogram_rules.h"
#include "scrape/limits.h"

namespace sluice::scrape {

// What all series of a target go through.
struct SeriesRules {
  relabel::Labels target_labels;  // public ones
  relabel::Program metric_relabel;
  bool honor_labels = false;
  bool honor_timestamps = true;
  // Series with timestamps of their own get stale markers, too.
  bool track_timestamps_staleness = false;
  bool respell_labels = true;
  // Names that are not of it fail the scrape.
  relabel::NameScheme name_scheme = relabel::NameScheme::kUtf8;
  HistogramRules histograms = {};
  LabelLimits label_limits;
  uint64_t sample_limit = 0;  // samples of a scrape after relabeling; 0 = none
  SampleLimitPolicy sample_limit_policy = SampleLimitPolicy::kFail;
  // Whether the series of MakeExtraReportChunk() are the agent's own to report.
  bool extra_report = false;
};

// A series as chunks store it: labels to set and to unset. Views live until the next call of
// whoever filled it.
struct SeriesContent {
  std::vector<buffer::LabelView> set;   // sorted by name
  std::vector<std::string_view> unset;  // sorted
};

// One self-delimiting string of a series, as chunks hold it. Equal series have equal strings.
void EncodeSeries(const SeriesContent& series, std::string& out);

enum class SeriesFate { kKept, kDropped };

// Applies the rules: target labels and conflicts with them (honor_labels), the uniform spelling
// of le and quantile, metric_relabel_configs. Thread-compatible; keeps its memory between calls.
class SeriesMaker {
 public:
  // `rules` must outlive it.
  explicit SeriesMaker(const SeriesRules& rules);

  // `type` is the one that the last TYPE line stated. Errors, which fail the whole scrape: a label
  // twice, no metric name left, a name that is not of the scheme, a label limit exceeded.
  Result<SeriesFate> Make(const Entry& entry, buffer::MetricType type, SeriesContent& series);

  // What metric_relabel_configs get to see of the entry: for whoever explains what they do.
  Result<relabel::Labels> Merge(const Entry& entry, buffer::MetricType type);

  // Whether that was what the last error was about.
  bool label_limit_exceeded() const { return label_limit_exceeded_; }

  // Whether the last entry has labels whose spelling depends on the type.
  bool le_depends() const { return le_depends_; }

  bool quantile_depends() const { return quantile_depends_; }

 private:
  Status Collect(const Entry& entry, buffer::MetricType type);
  bool TouchesTarget() const;
  void MergeTarget();
  void SetExportedNames(std::vector<relabel::Label>& conflicts);
  void TakeDifference(SeriesContent& series) const;
  Status CheckOwn(const SeriesContent& series);
  Status CheckMerged();
  Status CheckWhole();

  const SeriesRules& rules_;
  bool target_names_are_valid_;
  std::vector<buffer::LabelView> labels_;  // of the entry with its name, sorted, respelled
  std::vector<std::string> respelled_;
  relabel::LabelsBuilder builder_;
  relabel::Program::Memory memory_;
  std::vector<buffer::LabelView> whole_;  // the series with all its labels, when they matter
  bool label_limit_exceeded_ = false;
  bool le_depends_ = false;
  bool quantile_depends_ = false;
};

// Whether it is one that the agent itself reports for the target.
bool IsReportSeries(const SeriesContent& series, bool extra_report);

// The five series that every scrape reports about itself, as one chunk that all targets share.
std::shared_ptr<const buffer::Chunk> MakeReportChunk();
inline constexpr size_t kReportSeriesCount = 5;
inline constexpr std::string_view kReportNames[kReportSeriesCount] = {
    "up", "scrape_duration_seconds", "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling", "scrape_series_added"};

// The further ones of extra_scrape_metrics.
std::shared_ptr<const buffer::Chunk> MakeExtraReportChunk();
inline constexpr size_t kExtraReportSeriesCount = 3;
inline constexpr std::string_view kExtraReportNames[kExtraReportSeriesCount] = {
    "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes"};

}  // namespace sluice::scrape
