// Between a reader and the walk of its page: classic histograms become native ones with custom
// buckets.
#pragma once

#include <string_view>

#include "base/result.h"
#include "scrape/classic_collector.h"
#include "scrape/entry.h"
#include "scrape/histogram_rules.h"
#include "scrape/page_walk.h"

namespace sluice::scrape {

// Thread-compatible; for one body.
class ConvertingWalk {
 public:
  // `walk` must outlive it.
  ConvertingWalk(PageWalk& walk, const HistogramRules& rules)
      : walk_(walk), always_classic_(rules.always_classic) {}

  // As PageWalk::Place(). An entry that becomes a part of a histogram loses its exemplars to it.
  Status Place(std::string_view key, Entry& entry);

  // Whatever follows, a comment or the end of the body, does not belong to the histogram at hand.
  Status EndHistogram();

 private:
  Status PlaceConverted(const Entry* converted);

  PageWalk& walk_;
  const bool always_classic_;
  ClassicCollector collector_;
  uint64_t malformed_ = 0;  // that the walk knows of
};

}  // namespace sluice::scrape
