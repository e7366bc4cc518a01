#include "buffer/store_options.h"

#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <rocksdb/compaction_filter.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include "buffer/record.h"

namespace sluice::buffer {
namespace {

// Recovery tells of damage in the write-ahead log in no other way. A torn tail is none: whatever
// was being written when the process or the machine stopped.
bool IsDamagedWal(std::string_view text) {
  const auto has = [text](std::string_view part) { return text.find(part) != text.npos; };
  return has(": dropping ") && !has("trailing data") && !has("truncated");
}

// Forwards warnings and errors; also spares RocksDB's own LOG file, whose writer aborts the process
// on a full disk.
class ForwardingLogger final : public rocksdb::Logger {
 public:
  ForwardingLogger(sluice::Logger logger, DamageCount damage)
      : rocksdb::Logger(rocksdb::WARN_LEVEL),
        logger_(std::move(logger)),
        damage_(std::move(damage)) {}

  using rocksdb::Logger::Logv;

  [[gnu::format(printf, 2, 0)]] void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::INFO_LEVEL, format, arguments);
  }

  [[gnu::format(printf, 3, 0)]] void Logv(const rocksdb::InfoLogLevel level, const char* format,
                                          va_list arguments) override {
    if (level < rocksdb::WARN_LEVEL || level == rocksdb::HEADER_LEVEL) return;
    char text[512];
    if (std::vsnprintf(text, sizeof(text), format, arguments) < 0) return;
    if (IsDamagedWal(text)) ++*damage_;
    // What these mean for us is known to the caller that gets the error; this is detail.
    logger_.Warn("rocksdb", {{"detail", std::string_view(text)}});
  }

 private:
  sluice::Logger logger_;
  const DamageCount damage_;
};

class FloorFilter final : public rocksdb::CompactionFilter {
 public:
  explicit FloorFilter(std::shared_ptr<const Floor> floor) : floor_(std::move(floor)) {}

  const char* Name() const override { return "sluice.floor"; }

  bool Filter(int /*level*/, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    const std::optional<Sequence> sequence = DecodeKey(key.ToStringView());
    return sequence && IsBelow(*floor_, *sequence, value.ToStringView());
  }

 private:
  std::shared_ptr<const Floor> floor_;
};

class FloorFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit FloorFilterFactory(std::shared_ptr<const FloorHolder> holder)
      : holder_(std::move(holder)) {}

  const char* Name() const override { return "sluice.floor"; }

  bool ShouldFilterTableFileCreation(rocksdb::TableFileCreationReason reason) const override {
    return reason == rocksdb::TableFileCreationReason::kFlush ||
           reason == rocksdb::TableFileCreationReason::kCompaction;
  }

  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<FloorFilter>(holder_->Get());
  }

 private:
  std::shared_ptr<const FloorHolder> holder_;
};

// Keys only grow, so a file never overlaps another one: compaction is to move files down, never to
// rewrite them. Level 0 must drain at once because files there cannot be deleted by range.
void SetCompaction(rocksdb::Options& options) {
  options.compression = rocksdb::kNoCompression;  // frames and chunks are compressed already
  options.compaction_style = rocksdb::kCompactionStyleLevel;
  options.num_levels = 2;
  options.level0_file_num_compaction_trigger = 1;
  options.level0_slowdown_writes_trigger = 1 << 20;
  options.level0_stop_writes_trigger = 1 << 20;
  options.soft_pending_compaction_bytes_limit = 0;
  options.hard_pending_compaction_bytes_limit = 0;
  options.max_bytes_for_level_base = uint64_t{1} << 50;
  options.max_compaction_bytes = uint64_t{1} << 50;
  options.target_file_size_base = 64 << 20;
  options.ttl = 0;
  options.periodic_compaction_seconds = 0;
  options.level_compaction_dynamic_level_bytes = false;
}

// A backlog is written once and read once: caches only cost memory.
void SetFiles(rocksdb::Options& options) {
  options.max_open_files = 64;
  options.max_file_opening_threads = 1;
  options.table_cache_numshardbits = 0;
  options.skip_stats_update_on_db_open = true;
  options.skip_checking_sst_file_sizes_on_db_open = true;
  options.advise_random_on_open = false;  // keeps the kernel's readahead
  options.writable_file_max_buffer_size = 256 << 10;
  options.bytes_per_sync = 1 << 20;
  options.max_manifest_file_size = 1 << 20;
  options.manifest_preallocation_size = 64 << 10;
  options.recycle_log_file_num = 0;
  options.delete_obsolete_files_period_micros = 0;
  rocksdb::BlockBasedTableOptions table;
  table.no_block_cache = true;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.block_size = 4 << 10;
  table.index_block_restart_interval = 1;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
}

}  // namespace

rocksdb::Options MakeRocksOptions(const StoreOptions& store,
                                  std::shared_ptr<const FloorHolder> floor, Logger logger,
                                  DamageCount damage) {
  rocksdb::Options options;
  if (store.env != nullptr) options.env = store.env;
  options.create_if_missing = true;
  options.info_log = std::make_shared<ForwardingLogger>(std::move(logger), std::move(damage));
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.max_background_jobs = 2;
  options.allow_concurrent_memtable_write = false;  // one writer
  options.enable_write_thread_adaptive_yield = false;
  options.avoid_flush_during_shutdown = true;
  options.avoid_flush_during_recovery = true;
  // A torn tail of the write-ahead log ends recovery there instead of failing it. Damage further up
  // does, too: RocksDB 7.8 can pass over it only until a record is cut by it.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.write_buffer_size = store.write_buffer_bytes;
  options.max_write_buffer_number = 2;
  options.min_write_buffer_number_to_merge = 1;
  options.arena_block_size = 256 << 10;
  if (floor) {
    options.compaction_filter_factory = std::make_shared<FloorFilterFactory>(std::move(floor));
  }
  SetCompaction(options);
  SetFiles(options);
  return options;
}

}  // namespace sluice::buffer
