// When what a discovery told is to be written: not for each change, and not too much.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace sluice::scrape {

// Pure. Thread-compatible.
class WriteSchedule {
 public:
  // Between two writes of one discovery there are at least this much, and the time in which its
  // bytes would flow at this rate.
  static constexpr std::chrono::milliseconds kBetweenWrites{5'000};
  static constexpr size_t kBytesPerSecond = 128 << 10;
  // A file is written anew though nothing changed, so that its age is known to a part of the grace.
  static constexpr int kRefreshesInGrace = 24;

  // Knows these from now on, with their grace, and no others. Those that are new are written once
  // they change. Gives the keys of those that are known no longer.
  std::vector<std::string> Keep(const std::map<std::string, std::chrono::milliseconds>& graces);

  // Unknown ones are ignored.
  void NoteChange(const std::string& key);

  // One that is to be written now, as it is from here on; NoteWritten() has to follow.
  std::optional<std::string> Take(MonotonicTime now);

  // All that changed and was not taken, whether it is time or not: for the end.
  std::vector<std::string> TakeAll();

  // `bytes`: how much was written, or would have been. What failed is tried again.
  void NoteWritten(const std::string& key, MonotonicTime now, size_t bytes, bool ok);

  bool Knows(const std::string& key) const { return entries_.contains(key); }

 private:
  struct Entry {
    std::chrono::milliseconds grace{0};
    bool changed = false;
    bool written = false;      // since the start
    MonotonicTime earliest;    // of the next write
    MonotonicTime refresh_at;  // once it was written
  };

  std::map<std::string, Entry> entries_;
};

}  // namespace sluice::scrape
