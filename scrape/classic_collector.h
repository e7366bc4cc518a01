// Collects the classic series of each histogram of a page, which stand one after the other, and
// makes one native histogram with custom buckets of them once they end, by the rules of
// Prometheus's converter (model/textparse/nhcbparse).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proto/native_histogram.h"
#include "scrape/classic_histogram.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// The exemplars of one histogram may be so many, and their labels so long together. A histogram
// with more counts as malformed.
inline constexpr size_t kCollectedExemplarsMax = 10'000;
inline constexpr size_t kCollectedExemplarBytesMax = 1 << 20;

// Thread-compatible; for one body. Keeps its memory between histograms.
class ClassicCollector {
 public:
  ClassicCollector() = default;
  ClassicCollector(const ClassicCollector&) = delete;
  ClassicCollector& operator=(const ClassicCollector&) = delete;

  // To be told of every entry before it is used. If it ends the histogram that was being collected,
  // that histogram; else, or if that is malformed, null. It holds until the next call of anything.
  const Entry* Before(const Entry& next);

  // Whether `entry` is a classic series of a histogram, and thereby taken; Before() was told of it.
  bool Take(const Entry& entry);

  // Nothing more belongs to the histogram that was being collected: as Before().
  const Entry* Finish();

  // Names the histogram that was returned last, as PageWalk::Place() wants it. No text of a page
  // begins as it does.
  std::string_view key() const { return key_; }

  // Histograms so far that make none with custom buckets.
  uint64_t malformed_histograms() const { return malformed_histograms_; }

 private:
  enum class Part : uint8_t { kNone, kBucket, kSum, kCount };

  // What a name says of a classic series, if it is one.
  struct Name {
    Part part = Part::kNone;
    std::string_view base;  // without the suffix of the part
  };

  struct OwnExemplar {
    std::deque<std::string> texts;
    ExemplarView view;
  };

  static Name SplitName(std::string_view name);
  bool Continues(const Entry& entry);
  void Start(const Entry& entry, std::string_view base);
  void TakeExemplars(const Entry& entry);
  void FillEntry();

  // What the last TYPE line stated.
  buffer::MetricType type_ = buffer::MetricType::kUnknown;
  std::string family_;

  // The histogram that is being collected.
  bool is_collecting_ = false;
  std::string base_;
  std::string labels_;  // without `le`, in the order of its first series; joined
  ClassicHistogram classic_;
  std::deque<OwnExemplar> exemplars_;
  size_t exemplar_bytes_ = 0;
  bool has_too_many_exemplars_ = false;
  TimestampMs start_timestamp_ms_ = 0;
  // Of the series that was seen last.
  bool has_timestamp_ = false;
  TimestampMs timestamp_ms_ = 0;

  std::string joined_;  // labels of the entry at hand

  // What is returned.
  Entry entry_;
  proto::NativeHistogram custom_;
  std::string name_;
  std::string key_;
  uint64_t malformed_histograms_ = 0;
};

}  // namespace sluice::scrape
