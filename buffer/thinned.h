// Epochs of which frames were taken out, so that a full disk holds a longer time at a lower
// resolution.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "buffer/epochs.h"
#include "buffer/progress.h"

namespace sluice::buffer {

struct ThinnedEpoch {
  Sequence at = 0;         // of its record
  Stretch epoch;           // from its start to where the next one begins
  EpochTotals totals;      // of what is left
  std::vector<bool> gone;  // frames, by their distance from its start

  bool IsGone(Sequence sequence) const {
    return epoch.from <= sequence && sequence < epoch.end && gone[sequence - epoch.from];
  }
};

// Longer ones are not thinned out, so that the memory for `gone` is bounded.
inline constexpr uint64_t kThinnedSequencesMax = 16 << 20;

// Body of a record at `sequence`.
void EncodeThinnedBody(std::string& out, Sequence sequence, const ThinnedEpoch& thinned);
Result<ThinnedEpoch> DecodeThinnedBody(Sequence sequence, std::string_view body);

// Copies share what they hold. Thread-compatible.
class ThinnedEpochs {
 public:
  bool empty() const { return by_start_.empty(); }

  // In place of what was known of this epoch.
  void Put(ThinnedEpoch thinned);
  // Null when nothing was taken out of the epoch that starts there.
  const ThinnedEpoch* Of(Sequence start) const;
  // Keeps those of the epochs that are still needed.
  void Keep(const Epochs& epochs);

  bool IsGone(Sequence sequence) const;

  // Where the records of all are, ascending by epoch.
  std::vector<Sequence> records() const;
  std::vector<Stretch> epochs() const;

 private:
  std::map<Sequence, std::shared_ptr<const ThinnedEpoch>> by_start_;
};

}  // namespace sluice::buffer
