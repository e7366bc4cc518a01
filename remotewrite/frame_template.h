// A frame as remote write 1.0 sends it, compressed with snappy, but for its numbers.
//
// From scrape to scrape nothing changes but values and the time, so what repeats in the rest is
// found once, for all scrapes of all targets that are alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "remotewrite/target_text.h"

namespace sluice::remotewrite {

// For frames that hold one sample for each series of a layout, all of the same time; and for
// targets whose labels are as long as those of the one that it was made with. Immutable.
class FrameTemplate {
 public:
  // Whether the timestamp is as long as those that it is for: from 1971 to 2109.
  static bool Takes(TimestampMs timestamp_ms);

  // Of the series of the layout, those that are sent.
  std::span<const uint32_t> sent() const { return sent_; }

  // The bytes that it stands for.
  size_t raw_size() const { return raw_size_; }

  // What Write() needs.
  size_t size_max() const;

  // Writes the elements; gives their end. `values`: of those that are sent.
  char* Write(std::span<const double> values, TimestampMs timestamp_ms, const TargetText& target,
              char* at) const;

  size_t memory_bytes() const;

 private:
  friend class TemplateMaker;

  // A value. Before it come elements that are always the same, and one that copies what is right
  // before another value; and of that value what both have in common.
  struct Slot {
    uint16_t fixed = 0;   // bytes of these elements
    uint16_t offset = 0;  // of the copy
    uint16_t like = 0;    // the other value is so many before; 0: there is no copy
    uint8_t length = 0;   // of the copy, without the value
  };

  // Bytes of a literal that are of the target or the time.
  struct Gap {
    uint32_t slot = 0;
    uint16_t at = 0;  // in the elements before it
    uint16_t from = 0;
    uint16_t size = 0;
    bool is_time = false;
  };

  std::vector<uint32_t> sent_;
  std::vector<Slot> slots_;  // one for each series, and the end
  std::vector<Gap> gaps_;    // in their order
  std::string fixed_;        // elements of all slots; some bytes may be read beyond
  size_t raw_size_ = 0;
};

}  // namespace sluice::remotewrite
