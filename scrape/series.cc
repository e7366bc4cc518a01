#include "scrape/series.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>

#include "scrape/text_parser.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kExportedPrefix = "exported_";

bool ByName(const buffer::LabelView& a, const buffer::LabelView& b) { return a.name < b.name; }

Error MissingName() { return InvalidInput("missing metric name (__name__ label)"); }

bool IsLabelName(std::string_view name, relabel::NameScheme scheme) {
  return scheme == relabel::NameScheme::kUtf8 ? relabel::IsUtf8LabelName(name)
                                              : relabel::IsLegacyLabelName(name);
}

bool IsMetricName(std::string_view name, relabel::NameScheme scheme) {
  return scheme == relabel::NameScheme::kUtf8 ? relabel::IsUtf8LabelName(name)
                                              : relabel::IsLegacyMetricName(name);
}

template <class LabelRange>
bool AreValid(const LabelRange& labels, relabel::NameScheme scheme) {
  return std::all_of(labels.begin(), labels.end(), [scheme](const auto& label) {
    if (label.name == relabel::kMetricName) return IsMetricName(label.value, scheme);
    return IsLabelName(label.name, scheme);
  });
}

// With the labels, as far as a person would read them.
Error InvalidNames(const std::vector<buffer::LabelView>& labels) {
  constexpr size_t kShown = 1000;
  std::vector<relabel::Label> copies;
  for (const buffer::LabelView& label : labels) {
    copies.push_back({std::string(label.name), std::string(label.value)});
  }
  std::string text = relabel::Labels::From(std::move(copies)).ToString();
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return InvalidInput("invalid metric name or label names: " + text);
}

struct ReportText {
  std::string_view unit;
  std::string_view help;
};

std::shared_ptr<const buffer::Chunk> ChunkOfReport(std::span<const std::string_view> names,
                                                   std::span<const ReportText> texts) {
  buffer::ChunkBuilder builder;
  for (size_t i = 0; i < names.size(); ++i) {
    builder.StartFamily({.name = names[i],
                         .type = buffer::MetricType::kGauge,
                         .help = texts[i].help,
                         .unit = texts[i].unit});
    const buffer::LabelView name{relabel::kMetricName, names[i]};
    builder.AddSeries({&name, 1}, {});
  }
  return builder.Finish();
}

}  // namespace

void EncodeSeries(const SeriesContent& series, std::string& out) {
  buffer::AppendSeries(series.set, series.unset, out);
}

SeriesMaker::SeriesMaker(const SeriesRules& rules)
    : rules_(rules), target_names_are_valid_(AreValid(rules.target_labels, rules.name_scheme)) {}

Result<SeriesFate> SeriesMaker::Make(const Entry& entry, buffer::MetricType type,
                                     SeriesContent& series) {
  if (Status status = Collect(entry, type); !status.ok()) return status.error();
  series.set.clear();
  series.unset.clear();
  label_limit_exceeded_ = false;
  if (rules_.metric_relabel.empty() && !TouchesTarget()) {
    for (const buffer::LabelView& label : labels_) {
      if (!label.value.empty()) series.set.push_back(label);
    }
    if (entry.name.empty()) return MissingName();
    if (Status status = CheckOwn(series); !status.ok()) return status.error();
    return SeriesFate::kKept;
  }
  MergeTarget();
  // Relabeling away every label is a way to drop, too.
  if (!rules_.metric_relabel.Apply(builder_, memory_) || builder_.labels().empty()) {
    return SeriesFate::kDropped;
  }
  if (builder_.Get(relabel::kMetricName).empty()) return MissingName();
  if (Status status = CheckMerged(); !status.ok()) return status.error();
  TakeDifference(series);
  return SeriesFate::kKept;
}

Result<relabel::Labels> SeriesMaker::Merge(const Entry& entry, buffer::MetricType type) {
  if (Status status = Collect(entry, type); !status.ok()) return status.error();
  MergeTarget();
  return builder_.Build();
}

Status SeriesMaker::Collect(const Entry& entry, buffer::MetricType type) {
  labels_.assign(entry.labels.begin(), entry.labels.end());
  respelled_.clear();
  respelled_.reserve(labels_.size());  // views into its strings must stay
  le_depends_ = false;
  quantile_depends_ = false;
  for (buffer::LabelView& label : labels_) {
    if (!rules_.respell_labels) break;
    const bool is_le = label.name == "le";
    if (!is_le && label.name != "quantile") continue;
    using buffer::MetricType;
    const MetricType owner = is_le ? MetricType::kHistogram : MetricType::kSummary;
    std::string respelled = RespelledValue(label, owner);
    if (respelled.empty()) continue;
    (is_le ? le_depends_ : quantile_depends_) = true;
    if (type == owner) label.value = respelled_.emplace_back(std::move(respelled));
  }
  labels_.push_back({relabel::kMetricName, entry.name});
  std::sort(labels_.begin(), labels_.end(), ByName);
  for (size_t i = 1; i < labels_.size(); ++i) {
    if (labels_[i].name != labels_[i - 1].name) continue;
    return InvalidInput("label name \"" + std::string(labels_[i].name) + "\" is not unique");
  }
  if (!relabel::IsValidUtf8(entry.name)) return InvalidNames(labels_);
  return Status::Ok();
}

bool SeriesMaker::TouchesTarget() const {
  return std::any_of(labels_.begin(), labels_.end(), [&](const buffer::LabelView& label) {
    return rules_.target_labels.Has(label.name);
  });
}

void SeriesMaker::MergeTarget() {
  builder_.Clear();
  std::vector<relabel::Label> conflicts;
  for (const buffer::LabelView& label : labels_) {
    if (!label.value.empty()) builder_.Set(label.name, label.value);
  }
  for (const relabel::Label& label : rules_.target_labels) {
    if (rules_.honor_labels) {
      // An empty value that is written out says that the series must not have the label.
      const buffer::LabelView wanted{label.name, {}};
      if (!std::binary_search(labels_.begin(), labels_.end(), wanted, ByName)) {
        builder_.Set(label.name, label.value);
      }
      continue;
    }
    const std::string_view exposed = builder_.Get(label.name);
    if (!exposed.empty()) conflicts.push_back({label.name, std::string(exposed)});
    builder_.Set(label.name, label.value);
  }
  if (!conflicts.empty()) SetExportedNames(conflicts);
}

void SeriesMaker::SetExportedNames(std::vector<relabel::Label>& conflicts) {
  std::stable_sort(conflicts.begin(), conflicts.end(),
                   [](const relabel::Label& a, const relabel::Label& b) {
                     return a.name.size() < b.name.size();
                   });
  for (const relabel::Label& label : conflicts) {
    std::string name = label.name;
    do {
      name.insert(0, kExportedPrefix);
    } while (!builder_.Get(name).empty());
    builder_.Set(name, label.value);
  }
}

void SeriesMaker::TakeDifference(SeriesContent& series) const {
  auto target = rules_.target_labels.begin();
  const auto target_end = rules_.target_labels.end();
  for (const relabel::Label& label : builder_.labels()) {
    for (; target != target_end && target->name < label.name; ++target) {
      series.unset.push_back(target->name);
    }
    const bool is_targets = target != target_end && target->name == label.name;
    if (!is_targets || target->value != label.value) {
      series.set.push_back({label.name, label.value});
    }
    if (is_targets) ++target;
  }
  for (; target != target_end; ++target) series.unset.push_back(target->name);
}

// Of a series that shares no label with its target.
Status SeriesMaker::CheckOwn(const SeriesContent& series) {
  const bool is_valid = target_names_are_valid_ && AreValid(series.set, rules_.name_scheme);
  if (is_valid && !rules_.label_limits.any()) return Status::Ok();
  whole_ = series.set;
  for (const relabel::Label& label : rules_.target_labels) {
    whole_.push_back({label.name, label.value});
  }
  std::sort(whole_.begin(), whole_.end(), ByName);
  return is_valid ? CheckWhole() : InvalidNames(whole_);
}

Status SeriesMaker::CheckMerged() {
  const bool is_valid = AreValid(builder_.labels(), rules_.name_scheme);
  if (is_valid && !rules_.label_limits.any()) return Status::Ok();
  whole_.clear();
  for (const relabel::Label& label : builder_.labels()) {
    whole_.push_back({label.name, label.value});
  }
  return is_valid ? CheckWhole() : InvalidNames(whole_);
}

Status SeriesMaker::CheckWhole() {
  Status status = CheckLabelLimits(whole_, rules_.label_limits);
  label_limit_exceeded_ = !status.ok();
  return status;
}

bool IsReportSeries(const SeriesContent& series, bool extra_report) {
  if (series.set.size() != 1 || !series.unset.empty()) return false;
  const std::string_view name = series.set.front().value;
  const auto is_among = [name](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  return is_among(kReportNames) || (extra_report && is_among(kExtraReportNames));
}

std::shared_ptr<const buffer::Chunk> MakeReportChunk() {
  static constexpr std::array<ReportText, kReportSeriesCount> kTexts = {
      {{"targets", "Whether the target could be scraped: 1 if so, 0 if not."},
       {"seconds", "How long the scrape took."},
       {"samples", "Samples that the target exposed."},
       {"samples", "Samples that remained after metric relabeling."},
       {"series", "Series in this scrape that were not in the one before, about."}}};
  return ChunkOfReport(kReportNames, kTexts);
}

std::shared_ptr<const buffer::Chunk> MakeExtraReportChunk() {
  static constexpr std::array<ReportText, kExtraReportSeriesCount> kTexts = {
      {{"seconds", "How long the scrape may take."},
       {"samples", "How many samples the target may expose; 0 when that is not limited."},
       {"bytes", "Size of the uncompressed body; -1 when it was above the limit."}}};
  return ChunkOfReport(kExtraReportNames, kTexts);
}

}  // namespace sluice::scrape
