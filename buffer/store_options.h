// How RocksDB is set up, and why.
#pragma once

#include <memory>

#include <rocksdb/options.h>

#include "base/logger.h"
#include "buffer/floor.h"
#include "buffer/store.h"

namespace sluice::buffer {

rocksdb::Options MakeRocksOptions(const StoreOptions& options,
                                  std::shared_ptr<const FloorHolder> floor, Logger logger);

}  // namespace sluice::buffer
