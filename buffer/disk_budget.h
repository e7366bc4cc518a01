// What a destination may keep of the disk.
#pragma once

#include <cstdint>

namespace sluice::buffer {

// What becomes of the samples of a destination whose budget is full.
enum class WhenFull {
  kDropOldest,     // what has waited longest goes
  kThinOut,        // of what waits, every second scrape of each target goes, and so on
  kStopAccepting,  // what is new goes, what is stored stays
};

// The log keeps for a destination whatever lies in the epochs in which something is pending for it:
// in a log without gaps, all from its oldest pending frame on.
struct DiskBudget {
  uint64_t bytes_max = 0;  // 0 = the log's own budget alone
  WhenFull when_full = WhenFull::kDropOldest;
};

}  // namespace sluice::buffer
