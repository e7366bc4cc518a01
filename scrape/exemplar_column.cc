#include "scrape/exemplar_column.h"

#include <algorithm>
#include <bit>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/hash.h"
#include "base/utf8.h"
#include "base/varint.h"

namespace sluice::scrape {
namespace {

size_t CharactersOf(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(DecodeRune(text).size);
  return count;
}

bool IsTooLong(std::span<const buffer::LabelView> labels) {
  size_t bytes = 0;
  for (const buffer::LabelView& label : labels) bytes += label.name.size() + label.value.size();
  if (bytes <= kExemplarCharactersMax) return false;
  size_t characters = 0;
  for (const buffer::LabelView& label : labels) {
    characters += CharactersOf(label.name) + CharactersOf(label.value);
    if (characters > kExemplarCharactersMax) return true;
  }
  return false;
}

// Of sorted labels.
bool AreValid(std::span<const buffer::LabelView> labels) {
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i].name.empty() || !IsValidUtf8(labels[i].name)) return false;
    if (i > 0 && labels[i].name == labels[i - 1].name) return false;
  }
  return true;
}

// Numbers in the order of the values, NaN among them.
int64_t RankOf(double value) {
  const auto bits = std::bit_cast<int64_t>(value);
  return bits < 0 ? bits ^ INT64_MAX : bits;
}

bool IsBefore(const LatestExemplar& a, const LatestExemplar& b) {
  return std::tuple(a.timestamp_ms, RankOf(a.value), a.labels_hash) <
         std::tuple(b.timestamp_ms, RankOf(b.value), b.labels_hash);
}

// Where neither says when it was, it may be the one that was there before.
bool IsSame(const LatestExemplar& a, const LatestExemplar& b) {
  if (a.labels_hash != b.labels_hash) return false;
  if (std::bit_cast<uint64_t>(a.value) != std::bit_cast<uint64_t>(b.value)) return false;
  return a.timestamp_ms == b.timestamp_ms || (!a.has_timestamp && !b.has_timestamp);
}

bool BySlot(const LatestExemplar& a, const LatestExemplar& b) { return a.slot < b.slot; }

}  // namespace

void ExemplarColumn::Take(uint32_t slot, TimestampMs sample_ms, const Entry& entry) {
  candidates_.clear();
  sorted_.clear();
  uint64_t out_of_order = 0;
  uint64_t considered = 0;
  for (const ExemplarView& exemplar : entry.exemplars) {
    // The time of a native histogram says nothing about its exemplars, of which it has several.
    if (!exemplar.has_timestamp && entry.histogram != nullptr) continue;
    ++considered;
    Candidate candidate;
    if (!Collect(exemplar, candidate)) continue;
    candidate.key.slot = slot;
    candidate.key.timestamp_ms = exemplar.has_timestamp ? exemplar.timestamp_ms : sample_ms;
    candidates_.push_back(candidate);
  }
  std::sort(candidates_.begin(), candidates_.end(),
            [](const Candidate& a, const Candidate& b) { return IsBefore(a.key, b.key); });
  for (const Candidate& candidate : candidates_) {
    const LatestExemplar* const latest = LatestOf(slot);
    if (latest != nullptr && IsSame(candidate.key, *latest)) continue;
    if (latest != nullptr && IsBefore(candidate.key, *latest)) {
      ++out_of_order;
    } else if (Add(candidate)) {
      latest_[slot] = candidate.key;
    } else {
      ++counts_.too_many;
    }
  }
  // Some new ones among old ones are what an update looks like.
  if (out_of_order == considered) counts_.out_of_order += out_of_order;
}

// Its labels go to sorted_, without those that have no value. False when it is to be dropped.
bool ExemplarColumn::Collect(const ExemplarView& exemplar, Candidate& candidate) {
  candidate.first_label = sorted_.size();
  for (const buffer::LabelView& label : exemplar.labels) {
    if (!label.value.empty()) sorted_.push_back(label);
  }
  const std::span<buffer::LabelView> labels = std::span(sorted_).subspan(candidate.first_label);
  candidate.label_count = labels.size();
  std::sort(labels.begin(), labels.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  if (!AreValid(labels)) {
    ++counts_.invalid;
    return false;
  }
  if (IsTooLong(labels)) {
    ++counts_.too_long;
    return false;
  }
  hashed_.clear();
  for (const buffer::LabelView& label : labels) {
    PutString(hashed_, label.name);
    PutString(hashed_, label.value);
  }
  candidate.key.labels_hash = Xxh3(hashed_);
  candidate.key.value = exemplar.value;
  candidate.key.has_timestamp = exemplar.has_timestamp;
  return true;
}

const LatestExemplar* ExemplarColumn::LatestOf(uint32_t slot) const {
  if (const auto found = latest_.find(slot); found != latest_.end()) return &found->second;
  if (known_ == nullptr) return nullptr;
  const auto known =
      std::lower_bound(known_->begin(), known_->end(), LatestExemplar{.slot = slot}, BySlot);
  return known != known_->end() && known->slot == slot ? &*known : nullptr;
}

bool ExemplarColumn::Add(const Candidate& candidate) {
  size_t bytes = text_.size() + (items_.size() + 1) * sizeof(Item) +
                 (labels_.size() + candidate.label_count) * sizeof(Label);
  const auto labels = std::span(sorted_).subspan(candidate.first_label, candidate.label_count);
  for (const buffer::LabelView& label : labels) bytes += label.name.size() + label.value.size();
  if (bytes > kExemplarColumnBytesMax) return false;
  items_.push_back({.slot = candidate.key.slot,
                    .timestamp_ms = candidate.key.timestamp_ms,
                    .value = candidate.key.value,
                    .first_label = labels_.size(),
                    .label_count = labels.size()});
  for (const buffer::LabelView& label : labels) {
    labels_.push_back({.at = text_.size(),
                       .name_size = static_cast<uint32_t>(label.name.size()),
                       .value_size = static_cast<uint32_t>(label.value.size())});
    text_.append(label.name).append(label.value);
  }
  return true;
}

void ExemplarColumn::Rearrange(const std::vector<uint32_t>& moved) {
  for (Item& item : items_) item.slot = moved[item.slot];
  std::unordered_map<uint32_t, LatestExemplar> latest;
  for (auto [slot, exemplar] : latest_) {
    exemplar.slot = moved[slot];
    latest.emplace(exemplar.slot, exemplar);
  }
  latest_ = std::move(latest);
}

void ExemplarColumn::Remember(std::vector<LatestExemplar>& known) const {
  const auto old_end = static_cast<ptrdiff_t>(known.size());
  for (const auto& [slot, exemplar] : latest_) {
    const auto end = known.begin() + old_end;
    const auto at = std::lower_bound(known.begin(), end, exemplar, BySlot);
    if (at != end && at->slot == slot) {
      *at = exemplar;
    } else {
      known.push_back(exemplar);
    }
  }
  std::sort(known.begin() + old_end, known.end(), BySlot);
  std::inplace_merge(known.begin(), known.begin() + old_end, known.end(), BySlot);
}

void ExemplarColumn::Release(Texts& texts, std::vector<buffer::FrameExemplar>& out) {
  std::stable_sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
    return std::tie(a.slot, a.timestamp_ms) < std::tie(b.slot, b.timestamp_ms);
  });
  texts.text = std::move(text_);
  texts.labels.reserve(labels_.size());
  const std::string_view text = texts.text;
  for (const Label& label : labels_) {
    texts.labels.push_back({text.substr(label.at, label.name_size),
                            text.substr(label.at + label.name_size, label.value_size)});
  }
  out.reserve(items_.size());
  for (const Item& item : items_) {
    out.push_back({.series = item.slot,
                   .timestamp_ms = item.timestamp_ms,
                   .value = item.value,
                   .labels = std::span(texts.labels).subspan(item.first_label, item.label_count)});
  }
}

}  // namespace sluice::scrape
