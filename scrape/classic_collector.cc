#include "scrape/classic_collector.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/varint.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kBound = "le";

const buffer::LabelView* FindBound(const Entry& entry) {
  const auto found = std::find_if(entry.labels.begin(), entry.labels.end(),
                                  [](const auto& label) { return label.name == kBound; });
  return found == entry.labels.end() ? nullptr : &*found;
}

// Labels as one string, without `le`.
void Append(const buffer::LabelView& label, std::string& out) {
  if (label.name == kBound) return;
  PutString(out, label.name);
  PutString(out, label.value);
}

void Split(std::string_view joined, std::vector<buffer::LabelView>& labels) {
  for (ByteReader reader(joined); !reader.empty();) {
    const std::string_view name = reader.String();
    labels.push_back({name, reader.String()});
  }
}

std::string Sorted(std::string_view joined) {
  std::vector<buffer::LabelView> labels;
  Split(joined, labels);
  std::sort(labels.begin(), labels.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::string sorted;
  for (const buffer::LabelView& label : labels) Append(label, sorted);
  return sorted;
}

}  // namespace

const Entry* ClassicCollector::Before(const Entry& next) {
  switch (next.kind) {
    case EntryKind::kNothing:
      return nullptr;
    case EntryKind::kType:
      type_ = next.type;
      family_ = next.name;
      return Finish();
    case EntryKind::kHelp:
    case EntryKind::kUnit:
    case EntryKind::kEnd:
      return Finish();
    case EntryKind::kSample:
      break;
  }
  // The histogram has the time of the series that was read last, which may be the one that ends
  // it: so has Prometheus's.
  has_timestamp_ = next.has_timestamp;
  timestamp_ms_ = next.timestamp_ms;
  return is_collecting_ && !Continues(next) ? Finish() : nullptr;
}

bool ClassicCollector::Take(const Entry& entry) {
  if (type_ != buffer::MetricType::kHistogram || entry.kind != EntryKind::kSample) return false;
  const Name name = SplitName(entry.name);
  if (name.part == Part::kNone || name.base != family_) return false;
  double bound = 0;
  if (name.part == Part::kBucket) {
    const buffer::LabelView* const label = FindBound(entry);
    if (label == nullptr || !ParseValue(label->value, bound) || std::isnan(bound)) return false;
  }
  if (!is_collecting_) Start(entry, name.base);
  TakeExemplars(entry);
  switch (name.part) {
    case Part::kBucket:
      classic_.AddBucket(bound, entry.value);
      break;
    case Part::kSum:
      classic_.SetSum(entry.value);
      break;
    case Part::kCount:
      classic_.SetCount(entry.value);
      break;
    case Part::kNone:
      break;
  }
  return true;
}

const Entry* ClassicCollector::Finish() {
  if (!std::exchange(is_collecting_, false)) return nullptr;
  if (has_too_many_exemplars_ || !classic_.Convert(custom_).ok()) {
    ++malformed_histograms_;
    return nullptr;
  }
  FillEntry();
  return &entry_;
}

ClassicCollector::Name ClassicCollector::SplitName(std::string_view name) {
  static constexpr std::pair<std::string_view, Part> kSuffixes[] = {
      {"_bucket", Part::kBucket}, {"_sum", Part::kSum}, {"_count", Part::kCount}};
  for (const auto& [suffix, part] : kSuffixes) {
    if (!name.ends_with(suffix)) continue;
    name.remove_suffix(suffix.size());
    return {.part = part, .base = name};
  }
  return {.part = Part::kNone, .base = name};
}

bool ClassicCollector::Continues(const Entry& entry) {
  if (type_ != buffer::MetricType::kHistogram || SplitName(entry.name).base != base_) return false;
  joined_.clear();
  for (const buffer::LabelView& label : entry.labels) Append(label, joined_);
  if (joined_ == labels_) return true;
  // The same labels in another order are as long.
  return joined_.size() == labels_.size() && Sorted(joined_) == Sorted(labels_);
}

void ClassicCollector::Start(const Entry& entry, std::string_view base) {
  is_collecting_ = true;
  base_ = base;
  labels_.clear();
  for (const buffer::LabelView& label : entry.labels) Append(label, labels_);
  classic_.Clear();
  exemplars_.clear();
  exemplar_bytes_ = 0;
  has_too_many_exemplars_ = false;
  start_timestamp_ms_ = entry.start_timestamp_ms;
}

// Those without a timestamp are of no use to a native histogram.
void ClassicCollector::TakeExemplars(const Entry& entry) {
  for (const ExemplarView& exemplar : entry.exemplars) {
    if (!exemplar.has_timestamp) continue;
    for (const buffer::LabelView& label : exemplar.labels) {
      exemplar_bytes_ += label.name.size() + label.value.size();
    }
    has_too_many_exemplars_ = has_too_many_exemplars_ ||
                              exemplars_.size() == kCollectedExemplarsMax ||
                              exemplar_bytes_ > kCollectedExemplarBytesMax;
    if (has_too_many_exemplars_) return;
    OwnExemplar& own = exemplars_.emplace_back();
    own.view = exemplar;
    for (buffer::LabelView& label : own.view.labels) {
      label.name = own.texts.emplace_back(label.name);
      label.value = own.texts.emplace_back(label.value);
    }
  }
}

void ClassicCollector::FillEntry() {
  entry_.Clear();
  name_ = base_;
  key_.assign(1, '\0');
  PutString(key_, name_);
  key_ += labels_;
  entry_.kind = EntryKind::kSample;
  entry_.name = name_;
  Split(std::string_view(key_).substr(key_.size() - labels_.size()), entry_.labels);
  entry_.histogram = &custom_;
  entry_.has_timestamp = has_timestamp_;
  entry_.timestamp_ms = timestamp_ms_;
  entry_.start_timestamp_ms = start_timestamp_ms_;
  for (const OwnExemplar& own : exemplars_) entry_.exemplars.push_back(own.view);
}

}  // namespace sluice::scrape
