#include "scrape/sample_columns.h"

#include <utility>

#include "buffer/frame.h"
#include "proto/histogram_codec.h"

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

void SampleColumns::AddSlot() {
  values.push_back(0);
  if (!starts.empty()) starts.push_back(0);
  if (!timed) return;
  latest.push_back(buffer::kNoTimestamp);
  times.push_back(buffer::kNoTimestamp);
}

void SampleColumns::TakeMore(uint32_t slot, TimestampMs timestamp_ms, const Entry& entry) {
  if (entry.histogram != nullptr) histograms.push_back({slot, AddHistogram(*entry.histogram)});
  if (entry.start_timestamp_ms != 0) {
    starts.resize(values.size(), 0);
    starts[slot] = entry.start_timestamp_ms;
  }
  exemplars.Take(slot, timestamp_ms, entry);
}

void SampleColumns::TakeExtra(uint32_t slot, const Sample& sample) {
  ExtraSample& extra = extras.emplace_back();
  extra.slot = slot;
  extra.timestamp_ms = sample.timestamp_ms;
  extra.value = sample.value;
  if (sample.entry == nullptr) return;
  extra.start_ms = sample.entry->start_timestamp_ms;
  if (sample.entry->histogram != nullptr) extra.histogram = AddHistogram(*sample.entry->histogram);
  exemplars.Take(slot, sample.timestamp_ms, *sample.entry);
}

SampleColumns::Range SampleColumns::AddHistogram(const proto::NativeHistogram& histogram) {
  const size_t from = histogram_bytes.size();
  proto::AppendHistogram(histogram, histogram_bytes);
  return {from, histogram_bytes.size() - from};
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
  for (SlotHistogram& histogram : histograms) histogram.slot = moved[histogram.slot];
  exemplars.Rearrange(moved);
}

}  // namespace sluice::scrape
