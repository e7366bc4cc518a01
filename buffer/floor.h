// What of the log nobody needs any more, as told by progress that is safely on disk.
//
// Progress in memory must never decide what is dropped: after a crash the log would miss records
// that its own progress still asks for.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "base/mutex.h"
#include "buffer/progress.h"

namespace sluice::buffer {

struct Floor {
  // Frames of a lane before this are done with.
  std::array<Sequence, kLaneCount> lanes{};
  // Dictionary and epoch start records before this belong to epochs that are done with.
  Sequence keep_from = 0;
  // Progress records before this are superseded.
  Sequence progress_from = 0;
};

// Hands the newest floor from the log to the threads of the store. Thread-safe.
class FloorHolder {
 public:
  std::shared_ptr<const Floor> Get() const SLUICE_EXCLUDES(mu_) {
    MutexLock lock(mu_);
    return floor_;
  }

  void Set(const Floor& floor) SLUICE_EXCLUDES(mu_) {
    auto next = std::make_shared<const Floor>(floor);
    MutexLock lock(mu_);
    floor_ = std::move(next);
  }

 private:
  mutable Mutex mu_;
  std::shared_ptr<const Floor> floor_ SLUICE_GUARDED_BY(mu_) = std::make_shared<const Floor>();
};

// Whether the record may be dropped under this floor. Anything that is not understood stays until
// everything around it goes.
bool IsBelow(const Floor& floor, Sequence sequence, std::string_view value);

}  // namespace sluice::buffer
