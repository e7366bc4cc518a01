// What reads one body of whatever format.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "scrape/page_walk.h"
#include "scrape/series.h"

namespace sluice::scrape {

// Thread-compatible; for one body.
class PageReader {
 public:
  virtual ~PageReader() = default;

  // The next piece of the body, cut anywhere. Errors are final and say where they are.
  virtual Status Feed(std::string_view bytes) = 0;
  // The body is complete.
  virtual Status End() = 0;
};

// Feeds `walk`; both arguments must outlive it.
std::unique_ptr<PageReader> MakePageReader(PageFormat format, PageWalk& walk,
                                           const SeriesRules& rules);

}  // namespace sluice::scrape
