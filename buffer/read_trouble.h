// Places of the disk that cannot be read: an error of the disk may pass, so what is there counts as
// damaged only when it lasts.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>

#include "base/clock.h"
#include "buffer/progress.h"

namespace sluice::buffer {

// Pure; thread-compatible. Memory is bounded: of more places than kPlacesMax the one that was met
// longest ago is forgotten.
class ReadTrouble {
 public:
  // How long an error of the disk is waited for.
  static constexpr std::chrono::seconds kPatience{30};
  // A place that was not met for so long starts anew.
  static constexpr std::chrono::seconds kForgetAfter{60};
  static constexpr size_t kPlacesMax = 256;

  // The record at `sequence` could not be read, now; whether it counts as damaged.
  bool IsLost(Sequence sequence, MonotonicTime now);

 private:
  struct Place {
    MonotonicTime first_at;
    MonotonicTime last_at;
  };

  std::map<Sequence, Place> places_;
};

}  // namespace sluice::buffer
