// What reads one body of whatever format.
#pragma once

#include <string_view>

#include "base/result.h"

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

}  // namespace sluice::scrape
