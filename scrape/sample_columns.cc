#include "scrape/sample_columns.h"

#include <utility>

#include "buffer/frame.h"

namespace sluice::scrape {
namespace {

template <class T>
void Permute(std::vector<T>& column, const std::vector<uint32_t>& order) {
  std::vector<T> next;
  next.reserve(order.size());
  for (const uint32_t from : order) next.push_back(column[from]);
  column = std::move(next);
}

}  // namespace

void ExemplarColumn::Add(uint32_t slot, TimestampMs timestamp_ms, const ExemplarView& exemplar) {
  items_.push_back({.slot = slot,
                    .timestamp_ms = timestamp_ms,
                    .value = exemplar.value,
                    .first_label = labels_.size(),
                    .label_count = exemplar.labels.size()});
  for (const buffer::LabelView& label : exemplar.labels) {
    labels_.push_back({.name = text_.size(),
                       .name_size = static_cast<uint32_t>(label.name.size()),
                       .value_size = static_cast<uint32_t>(label.value.size())});
    text_.append(label.name).append(label.value);
  }
}

buffer::LabelView ExemplarColumn::label(size_t i) const {
  const Label& label = labels_[i];
  const std::string_view text = text_;
  return {text.substr(label.name, label.name_size),
          text.substr(label.name + label.name_size, label.value_size)};
}

void SampleColumns::AddSlot() {
  values.push_back(0);
  if (!starts.empty()) starts.push_back(0);
  if (!timed) return;
  latest.push_back(buffer::kNoTimestamp);
  times.push_back(buffer::kNoTimestamp);
}

void SampleColumns::TakeMore(uint32_t slot, TimestampMs timestamp_ms, const Entry& entry) {
  if (entry.histogram != nullptr) slot_histograms.push_back({slot, AddHistogram(*entry.histogram)});
  if (entry.start_timestamp_ms != 0) {
    starts.resize(values.size(), 0);
    starts[slot] = entry.start_timestamp_ms;
  }
  TakeExemplars(slot, timestamp_ms, entry);
}

void SampleColumns::TakeExtra(uint32_t slot, const Sample& sample) {
  ExtraSample& extra = extras.emplace_back(ExtraSample{.slot = slot,
                                                       .timestamp_ms = sample.timestamp_ms,
                                                       .value = sample.value,
                                                       .start_ms = 0,
                                                       .histogram = kNoHistogram});
  if (sample.entry == nullptr) return;
  const Entry& entry = *sample.entry;
  extra.start_ms = entry.start_timestamp_ms;
  if (entry.histogram != nullptr) extra.histogram = AddHistogram(*entry.histogram);
  TakeExemplars(slot, sample.timestamp_ms, entry);
}

uint32_t SampleColumns::AddHistogram(const proto::NativeHistogram& histogram) {
  histograms.push_back(histogram);
  return static_cast<uint32_t>(histograms.size() - 1);
}

void SampleColumns::TakeExemplars(uint32_t slot, TimestampMs timestamp_ms, const Entry& entry) {
  for (const ExemplarView& exemplar : entry.exemplars) {
    exemplars.Add(slot, exemplar.has_timestamp ? exemplar.timestamp_ms : timestamp_ms, exemplar);
  }
}

void SampleColumns::Rearrange(const std::vector<uint32_t>& order,
                              const std::vector<uint32_t>& moved) {
  Permute(values, order);
  if (timed) {
    Permute(times, order);
    Permute(latest, order);
  }
  if (!starts.empty()) Permute(starts, order);
  for (uint32_t& slot : absent) slot = moved[slot];
  for (uint32_t& slot : repeated) slot = moved[slot];
  for (ExtraSample& extra : extras) extra.slot = moved[extra.slot];
  for (SlotHistogram& histogram : slot_histograms) histogram.slot = moved[histogram.slot];
  for (ExemplarColumn::Item& exemplar : exemplars.items()) exemplar.slot = moved[exemplar.slot];
}

}  // namespace sluice::scrape
