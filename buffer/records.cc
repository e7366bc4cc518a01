#include "buffer/records.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <utility>

#include "buffer/record_reader.h"

namespace sluice::buffer {
namespace {

Error Missing() {
  return Error{ErrorCode::kRetryable, "the disk failed, and the store could not be opened since"};
}

}  // namespace

bool Records::IsLost(Sequence sequence, const Error& error) const {
  return error.code != ErrorCode::kRetryable || !is_lost_ || is_lost_(sequence);
}

Result<std::string> Records::Get(Sequence at) const {
  {
    MutexLock lock(held_mu_);
    if (const std::string* value = held_.Find(at)) return *value;
  }
  const std::shared_lock lock(store_mu_);
  if (!store_) return Missing();
  Result<std::string> value = store_->Get(at);
  if (!value.ok() && value.error().code == ErrorCode::kRetryable && IsLost(at, value.error())) {
    return Corruption(value.error().message);
  }
  return value;
}

Result<Sequence> Records::ReadStored(Sequence from, Sequence end, uint32_t& records_left,
                                     const Visitor& visitor, bool& stopped) const {
  if (from >= stored_end_) return end;
  const std::shared_lock lock(store_mu_);
  if (!store_) return Missing();
  RecordReader reader(*store_, from, end,
                      [this](Sequence at, const Error& error) { return IsLost(at, error); });
  Sequence next = from;
  for (; records_left > 0; --records_left) {
    const bool found = reader.Next();
    const RecordReader::Unreadable unreadable = reader.unreadable();
    if (unreadable.count > 0) visitor.unreadable(unreadable.first, unreadable.count);
    if (!found && reader.error()) {
      if (next == from) return *reader.error();
      stopped = true;
      break;
    }
    if (!found) return end;
    next = reader.sequence() + 1;
    if (visitor.record(reader.sequence(), reader.value())) continue;
    stopped = true;
    break;
  }
  return next;
}

Result<Sequence> Records::Read(Sequence from, Sequence end, uint32_t records_max,
                               const Visitor& visitor) const {
  Sequence next = from;
  bool stopped = false;
  while (next < end && records_max > 0 && !stopped) {
    // What is held lies behind all that is stored, but it may move to the store at any time: the
    // two are looked at together, and again after each stretch.
    std::optional<Sequence> held_from;
    std::optional<HeldRecords::Found> held;
    {
      MutexLock lock(held_mu_);
      held_from = held_.first();
      if (held_from && *held_from <= next) held = held_.FindFrom(next);
    }
    const Sequence stored_end = std::min(held_from.value_or(end), end);
    if (next < stored_end) {
      const Result<Sequence> read = ReadStored(next, stored_end, records_max, visitor, stopped);
      if (!read.ok()) return read;
      next = *read;
    } else {
      if (!held || held->sequence >= end) return end;
      next = held->sequence + 1;
      --records_max;
      stopped = !visitor.record(held->sequence, held->value);
    }
  }
  return next;
}

Status Records::Write(StoreBatch& batch, Store::Durability durability) {
  const std::shared_lock lock(store_mu_);
  if (!store_) return Missing();
  Status written = store_->Write(batch, durability);
  // Before it can be asked for; one writer.
  if (written.ok() && batch.last() >= stored_end_) stored_end_ = batch.last() + 1;
  return written;
}

Status Records::Sync() {
  const std::shared_lock lock(store_mu_);
  if (!store_) return Missing();
  return store_->Sync();
}

Status Records::Hold(const StoreBatch& batch) {
  MutexLock lock(held_mu_);
  if (held_.Add(batch)) return {};
  return Error{ErrorCode::kResourceExhausted, "no more room in memory either"};
}

void Records::DropHeld(const Floor& floor) {
  MutexLock lock(held_mu_);
  held_.RemoveBelow(floor);
}

Status Records::StoreHeld(uint64_t bytes) {
  StoreBatch batch;
  Sequence last = 0;
  {
    MutexLock lock(held_mu_);
    if (held_.empty()) return {};
    last = held_.CopyOldest(batch, bytes);
  }
  if (Status written = Write(batch, Store::Durability::kProcessCrash); !written.ok()) {
    return written;
  }
  MutexLock lock(held_mu_);
  held_.RemoveThrough(last);
  return {};
}

bool Records::holding() const {
  MutexLock lock(held_mu_);
  return !held_.empty();
}

uint64_t Records::held_bytes() const {
  MutexLock lock(held_mu_);
  return held_.bytes();
}

void Records::Rescue(Sequence unsynced_from, const Floor& floor) {
  RecordReader reader(*store_, unsynced_from, std::numeric_limits<Sequence>::max());
  MutexLock lock(held_mu_);
  while (reader.Next()) {
    if (!IsBelow(floor, reader.sequence(), reader.value())) {
      held_.Put(reader.sequence(), reader.value());
    }
  }
}

Status Records::Reopen(Sequence unsynced_from, const Floor& floor) {
  const std::unique_lock lock(store_mu_);
  if (store_) Rescue(unsynced_from, floor);
  store_.reset();
  Result<std::unique_ptr<Store>> opened = open_();
  if (!opened.ok()) return opened.error();
  store_ = std::move(*opened);
  return {};
}

void Records::StartFlush() {
  const std::shared_lock lock(store_mu_);
  if (store_) store_->StartFlush();
}

Status Records::DeleteFilesBetween(Sequence from, Sequence end) {
  const std::shared_lock lock(store_mu_);
  if (!store_) return Missing();
  return store_->DeleteFilesBetween(from, end);
}

Result<Sequence> Records::RewriteFile(Sequence from, Sequence end) {
  const std::shared_lock lock(store_mu_);
  if (!store_) return Missing();
  return store_->RewriteFile(from, end);
}

uint64_t Records::memtable_bytes() const {
  const std::shared_lock lock(store_mu_);
  return store_ ? store_->memtable_bytes() : 0;
}

uint64_t Records::table_bytes() const {
  const std::shared_lock lock(store_mu_);
  return store_ ? store_->table_bytes() : 0;
}

}  // namespace sluice::buffer
