// The section `global`.
#pragma once

#include <chrono>
#include <cstdint>

#include "agent/config/config.h"
#include "agent/config/decoder.h"
#include "relabel/labels.h"

namespace sluice::agent {

struct GlobalSection {
  std::chrono::milliseconds scrape_interval{60'000};
  std::chrono::milliseconds scrape_timeout{10'000};
  uint64_t body_size_limit = 0;
  relabel::Labels external_labels;
};

GlobalSection DecodeGlobal(const Value& value, const Environment& environment);

}  // namespace sluice::agent
