// The exemplars of one body, under the rules of Prometheus's scrapes and its storage of exemplars.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "buffer/frame.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// Names and values of an exemplar's labels together, in characters. Longer ones are dropped.
inline constexpr size_t kExemplarCharactersMax = 128;
// What the exemplars of one body may take. Further ones are dropped.
inline constexpr size_t kExemplarColumnBytesMax = 16 << 20;

// The last exemplar that a series had.
struct LatestExemplar {
  uint32_t slot = 0;
  bool has_timestamp = false;  // of its own
  uint64_t labels_hash = 0;
  TimestampMs timestamp_ms = 0;
  double value = 0;
};

// Dropped exemplars by reason. That one which stays exposed is dropped as known is no loss.
struct ExemplarCounts {
  uint64_t out_of_order = 0;  // of samples all of whose exemplars were
  uint64_t too_long = 0;      // kExemplarCharactersMax
  uint64_t invalid = 0;       // a label twice, without a name or not in UTF-8
  uint64_t too_many = 0;      // kExemplarColumnBytesMax
};

// Thread-compatible.
class ExemplarColumn {
 public:
  ExemplarColumn() = default;

  // `known` are those that the series had so far, ascending by slot; must outlive it.
  explicit ExemplarColumn(const std::vector<LatestExemplar>& known) : known_(&known) {}

  // Those of an accepted sample of this time.
  void Take(uint32_t slot, TimestampMs sample_ms, const Entry& entry);

  const ExemplarCounts& counts() const { return counts_; }

  bool empty() const { return items_.empty(); }

  // The slot `s` becomes `moved[s]`.
  void Rearrange(const std::vector<uint32_t>& moved);

  // Brings those that the series have now into `known`, which is ascending by slot.
  void Remember(std::vector<LatestExemplar>& known) const;

  // What the views of `out` point into.
  struct Texts {
    std::string text;
    std::vector<buffer::LabelView> labels;
  };

  // For a frame: ascending by slot, those of one slot in order of time.
  void Release(Texts& texts, std::vector<buffer::FrameExemplar>& out);

 private:
  struct Item {
    uint32_t slot;
    TimestampMs timestamp_ms;
    double value;
    size_t first_label;
    size_t label_count;
  };

  // In text_, the value behind the name.
  struct Label {
    size_t at;
    uint32_t name_size;
    uint32_t value_size;
  };

  struct Candidate {
    LatestExemplar key;
    size_t first_label;  // of sorted_
    size_t label_count;
  };

  bool Collect(const ExemplarView& exemplar, Candidate& candidate);
  const LatestExemplar* LatestOf(uint32_t slot) const;
  // False when there is no room.
  bool Add(const Candidate& candidate);

  const std::vector<LatestExemplar>* known_ = nullptr;
  std::unordered_map<uint32_t, LatestExemplar> latest_;  // of this body, by slot
  ExemplarCounts counts_;
  std::vector<Item> items_;
  std::vector<Label> labels_;
  std::string text_;
  // Of the sample at hand.
  std::vector<Candidate> candidates_;
  std::vector<buffer::LabelView> sorted_;
  std::string hashed_;
};

}  // namespace sluice::scrape
