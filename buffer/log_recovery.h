// Finds out where the log stands from its newest records.
#pragma once

#include <cstdint>
#include <functional>

#include "base/logger.h"
#include "base/result.h"
#include "buffer/log_writer.h"
#include "buffer/store.h"

namespace sluice::buffer {

struct RecoveredLog {
  LogState state;
  uint64_t damaged_records = 0;
};

// Asked when the disk has failed with this error, which may pass: whether to read again, all of it.
// It may wait. After a false, what cannot be read counts as damaged.
using TryAgain = std::function<bool(const Error&)>;

// Blocking. Reads from the newest checkpoint on, then hops back over the starts of the epochs that
// are still needed. Without `try_again` what cannot be read counts as damaged at once. Fails when
// errors of the disk leave nothing that tells of progress: all that is pending would be given up.
Result<RecoveredLog> RecoverLog(const Store& store, const Logger& logger,
                                const TryAgain& try_again);

}  // namespace sluice::buffer
