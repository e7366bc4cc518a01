// Limits on what a target may expose, with the words that Prometheus has for them.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "buffer/chunk.h"

namespace sluice::scrape {

// Of each series after relabeling, its name and the target's labels included; 0 = none. Lengths
// are bytes.
struct LabelLimits {
  uint64_t count = 0;
  uint64_t name_length = 0;
  uint64_t value_length = 0;

  bool any() const { return count != 0 || name_length != 0 || value_length != 0; }

  friend bool operator==(const LabelLimits&, const LabelLimits&) = default;
};

// What happens to samples above the sample limit.
enum class SampleLimitPolicy {
  kFail,       // the scrape fails, as in Prometheus
  kKeepKnown,  // series that the target had before keep their places, new ones are refused
};

// `labels` are sorted by name. An error fails the whole scrape.
Status CheckLabelLimits(std::span<const buffer::LabelView> labels, const LabelLimits& limits);

}  // namespace sluice::scrape
