// When a backlog will be gone, at the pace of the last half minute.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/clock.h"
#include "buffer/progress.h"

namespace sluice::remotewrite {

// Pure; thread-compatible.
class CatchUp {
 public:
  static constexpr std::chrono::seconds kWindow{30};
  // How far apart readings are at least.
  static constexpr std::chrono::seconds kStep{1};

  void Add(const buffer::Ledger& ledger, MonotonicTime now);

  // 0 with nothing pending. Nothing when there is no saying: the backlog grows or stands still, or
  // there are no two readings yet.
  std::optional<std::chrono::seconds> Estimate() const;

 private:
  struct Reading {
    MonotonicTime at;
    uint64_t pending;
  };

  std::deque<Reading> readings_;
};

}  // namespace sluice::remotewrite
