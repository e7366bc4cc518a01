#include "buffer/thinned.h"

#include <utility>

#include "base/varint.h"

namespace sluice::buffer {

void EncodeThinnedBody(std::string& out, Sequence sequence, const ThinnedEpoch& thinned) {
  PutVarint(out, sequence - thinned.epoch.from);
  PutVarint(out, thinned.epoch.end - thinned.epoch.from);
  EncodeTotals(out, thinned.totals);
  uint64_t last = 0;
  for (uint64_t i = 0; i < thinned.gone.size(); ++i) {
    if (!thinned.gone[i]) continue;
    PutVarint(out, i - last);
    last = i;
  }
}

Result<ThinnedEpoch> DecodeThinnedBody(Sequence sequence, std::string_view body) {
  ByteReader reader(body);
  ThinnedEpoch thinned;
  thinned.at = sequence;
  const uint64_t distance = reader.Varint();
  const uint64_t size = reader.Varint();
  thinned.totals = DecodeTotals(reader);
  if (!reader.ok() || distance >= sequence || size > distance || size > kThinnedSequencesMax) {
    return Corruption("record of a thinned epoch: malformed");
  }
  thinned.epoch = {.from = sequence - distance, .end = sequence - distance + size};
  thinned.gone.resize(size);
  uint64_t at = 0;
  while (reader.ok() && !reader.empty()) {
    const uint64_t step = reader.Varint();
    if (!reader.ok() || step >= size - at) {
      return Corruption("record of a thinned epoch: malformed");
    }
    at += step;
    thinned.gone[at] = true;
  }
  return thinned;
}

void ThinnedEpochs::Put(ThinnedEpoch thinned) {
  const Sequence start = thinned.epoch.from;
  by_start_[start] = std::make_shared<const ThinnedEpoch>(std::move(thinned));
}

const ThinnedEpoch* ThinnedEpochs::Of(Sequence start) const {
  const auto found = by_start_.find(start);
  return found == by_start_.end() ? nullptr : found->second.get();
}

void ThinnedEpochs::Keep(const Epochs& epochs) {
  std::map<Sequence, std::shared_ptr<const ThinnedEpoch>> kept;
  for (size_t i = 0; i < epochs.size(); ++i) {
    const auto found = by_start_.find(epochs.at(i).start);
    if (found != by_start_.end()) kept.insert(*found);
  }
  by_start_ = std::move(kept);
}

bool ThinnedEpochs::IsGone(Sequence sequence) const {
  auto after = by_start_.upper_bound(sequence);
  return after != by_start_.begin() && (--after)->second->IsGone(sequence);
}

std::vector<Sequence> ThinnedEpochs::records() const {
  std::vector<Sequence> all;
  all.reserve(by_start_.size());
  for (const auto& [start, thinned] : by_start_) all.push_back(thinned->at);
  return all;
}

std::vector<Stretch> ThinnedEpochs::epochs() const {
  std::vector<Stretch> all;
  all.reserve(by_start_.size());
  for (const auto& [start, thinned] : by_start_) all.push_back(thinned->epoch);
  return all;
}

}  // namespace sluice::buffer
