// How RocksDB is set up, and why.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <rocksdb/options.h>

#include "base/logger.h"
#include "buffer/floor.h"
#include "buffer/store.h"

namespace sluice::buffer {

// Damaged places of the write-ahead log that were met.
using DamageCount = std::shared_ptr<std::atomic<uint64_t>>;

rocksdb::Options MakeRocksOptions(const StoreOptions& options,
                                  std::shared_ptr<const FloorHolder> floor, Logger logger,
                                  DamageCount damage);

}  // namespace sluice::buffer
