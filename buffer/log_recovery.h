// Finds out where the log stands from its newest records.
#pragma once

#include <cstdint>

#include "base/logger.h"
#include "base/result.h"
#include "buffer/log_writer.h"
#include "buffer/store.h"

namespace sluice::buffer {

struct RecoveredLog {
  LogState state;
  uint64_t damaged_records = 0;
};

// Blocking. Reads from the newest checkpoint on, then hops back over the starts of the epochs that
// are still needed.
Result<RecoveredLog> RecoverLog(const Store& store, const Logger& logger);

}  // namespace sluice::buffer
