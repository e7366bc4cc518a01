// What a remote write request contains, counted without keeping any of it.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/clock.h"

namespace sluice::bench {

// The series that every page of the fleet has: its samples tell pages apart.
inline constexpr std::string_view kPageSeries = "bench_page";

struct Counts {
  uint64_t samples = 0;    // of the pages' own series, stale markers apart
  uint64_t markers = 0;    // stale markers
  uint64_t reports = 0;    // `up`, `scrape_*`: what agents add
  uint64_t pages = 0;      // samples of kPageSeries
  uint64_t malformed = 0;  // requests that are none
  TimestampMs newest_ms = 0;
};

// Thread-compatible.
class RequestCounter {
 public:
  // io.prometheus.write.v1.WriteRequest, uncompressed.
  void AddVersion1(std::string_view request);
  // io.prometheus.write.v2.Request, uncompressed.
  void AddVersion2(std::string_view request);

  const Counts& counts() const { return counts_; }

  // Pages of different targets or times; those up to a time.
  uint64_t distinct_pages() const { return pages_.size(); }

  void Clear();

 private:
  enum class Kind : uint8_t { kSample, kReport, kPage };

  static Kind KindOf(std::string_view name);
  void AddSample(Kind kind, uint64_t labels_hash, std::string_view sample);
  bool AddSeries1(std::string_view series);
  bool AddSeries2(std::string_view series);

  Counts counts_;
  std::unordered_set<uint64_t> pages_;  // hashes of labels and time
  std::vector<std::string_view> symbols_;
};

}  // namespace sluice::bench
