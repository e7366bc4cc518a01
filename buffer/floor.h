// What of the log nobody needs any more, as told by progress that is safely on disk.
//
// Progress in memory must never decide what is dropped: after a crash the log would miss records
// that its own progress still asks for.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "buffer/epochs.h"
#include "buffer/progress.h"
#include "buffer/progress_book.h"
#include "buffer/thinned.h"

namespace sluice::buffer {

struct Floor {
  // Frames of a lane before this are done with.
  std::array<Sequence, kLaneCount> lanes{};
  // Dictionary and epoch start records before this belong to epochs that are done with.
  Sequence keep_from = 0;
  // Progress records before this are superseded.
  Sequence progress_from = 0;
  // Where the frames of some destinations end (they are full, closed, or it is a backlog), there
  // may be a hole: what lies behind the last of these ends, and before what others need. 0 = none.
  Sequence hole_from = 0;
  // Frames of a lane in the hole end there, its dictionary and epoch start records there.
  std::array<Sequence, kLaneCount> hole_lanes{};
  Sequence hole_end = 0;
  // All of these ends, ascending. The epoch starts there lead back over holes, and stay.
  std::vector<Sequence> ends;
  // What was taken out of epochs. Never null.
  std::shared_ptr<const ThinnedEpochs> thinned = std::make_shared<const ThinnedEpochs>();

  // Whether an epoch that starts there, other than the current one, is done with.
  bool IsDone(Sequence epoch_start) const {
    return epoch_start < keep_from || (hole_from <= epoch_start && epoch_start < hole_end);
  }
};

// `needs` may be from a little earlier than `epochs`.
Floor MakeFloor(const Needs& needs, const Epochs& epochs, Sequence progress_from,
                std::shared_ptr<const ThinnedEpochs> thinned);

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
