#include "buffer/log.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "buffer/directory.h"
#include "buffer/log_impl.h"
#include "buffer/log_recovery.h"

namespace sluice::buffer {
namespace {

// Bounds the memory of what is known to be damaged; beyond it a record may be counted twice.
constexpr size_t kDamagedRemembered = 4096;

// Damage is named in the log so many times, then only counted.
constexpr uint64_t kDamagedNamed = 100;

// How many records are looked at to find the oldest pending frame.
constexpr uint32_t kOldestProbes = 256;

// Between two attempts to open the log on a disk that fails.
constexpr std::chrono::seconds kOpenAgainAfter{1};

constexpr uint64_t kMiB = 1 << 20;

// RocksDB needs up to three memtables of room to get going again on a full disk, measured.
constexpr uint64_t kReserveWriteBuffers = 4;

// Few enough epochs that walking them takes no time, and small enough that dropping one is no loss
// to speak of.
uint64_t DerivedEpochBytes(uint64_t bytes_max) {
  return std::max(std::clamp(bytes_max / 32, uint64_t{64} << 10, 64 * kMiB), bytes_max / 512);
}

LogOptions WithDerived(LogOptions options) {
  if (options.epoch_bytes == 0) options.epoch_bytes = DerivedEpochBytes(options.bytes_max);
  if (options.write_buffer_bytes == 0) {
    options.write_buffer_bytes = std::clamp(options.bytes_max / 8, kMiB, 8 * kMiB);
  }
  return options;
}

// For as long as later reads wait for the disk. Nothing else runs yet that this could hold up.
TryAgain WaitForDisk(const Logger& logger) {
  return [logger, left = ReadTrouble::kPatience / kOpenAgainAfter](const Error& error) mutable {
    if (left == 0) {
      logger.Error("buffer: the disk still does not give all records; those count as damaged",
                   {{"error", error.message}});
      return false;
    }
    logger.Warn("buffer: the disk does not give all records; reading again",
                {{"error", error.message}, {"attempts_left", left}});
    --left;
    Mutex mu;
    CondVar nobody_calls;
    const MutexLock lock(mu);
    nobody_calls.WaitFor(mu, kOpenAgainAfter);
    return true;
  };
}

Status CheckLanes(std::span<const FrameOutcome> outcomes, std::span<const LaneAdvance> advances) {
  const bool good =
      std::all_of(outcomes.begin(), outcomes.end(),
                  [](const FrameOutcome& outcome) { return outcome.lane < kLaneCount; }) &&
      std::all_of(advances.begin(), advances.end(),
                  [](const LaneAdvance& advance) { return advance.lane < kLaneCount; });
  if (!good) return InvalidInput("acknowledge: no such lane");
  return {};
}

}  // namespace

Log::Impl::Impl(LogOptions log_options, const Clock* log_clock, Logger log_logger)
    : options(WithDerived(std::move(log_options))),
      clock(log_clock),
      logger(std::move(log_logger)),
      space(options.directory, kReserveWriteBuffers * options.write_buffer_bytes),
      writer_({.epoch_bytes = options.epoch_bytes,
               .bytes_max = options.bytes_max,
               .keeps_recent = options.recent_bytes_max > 0}),
      recent_(options.recent_bytes_max) {}

Log::Impl::~Impl() { Stop(); }

bool Log::Impl::IsLost(Sequence sequence) {
  if (clock == nullptr) return true;
  MutexLock lock(trouble_mu_);
  return trouble_.IsLost(sequence, clock->MonotonicNow());
}

void Log::Impl::CountDamaged(Sequence sequence, uint64_t count) const {
  MutexLock lock(mu_);
  if (damaged_.count(sequence) > 0) return;
  if (damaged_.size() < kDamagedRemembered) damaged_.insert(sequence);
  damaged_count_ += count;
  metrics.damaged_records.Increment(static_cast<double>(count));
  if (damage_named_ >= kDamagedNamed) return;
  ++damage_named_;
  logger.Error("buffer: damaged records skipped",
               {{"directory", options.directory}, {"first", sequence}, {"count", count}});
}

Result<Sequence> Log::Impl::Scan(Sequence from, uint32_t records_max,
                                 const std::function<bool(const FrameRecord&)>& visit) const {
  return ScanBefore(from, std::numeric_limits<Sequence>::max(), records_max, visit);
}

Result<Sequence> Log::Impl::ScanBefore(Sequence from, Sequence end, uint32_t records_max,
                                       const std::function<bool(const FrameRecord&)>& visit) const {
  std::shared_ptr<const ThinnedEpochs> thinned;
  std::optional<RecentFrames> recent;
  {
    MutexLock lock(mu_);
    end = std::min(end, state_.head);
    if (from >= end) return from;
    thinned = state_.thinned;
    if (recent_.Covers(from)) recent = recent_.Find(from, end, records_max);
  }
  if (recent) return VisitRecent(*recent, end, records_max, *thinned, visit);
  return records->Read(
      std::max<Sequence>(from, 1), end, records_max,
      {.record =
           [this, &visit, &thinned](Sequence sequence, std::string_view value) {
             // They are on disk until their file is written anew.
             return thinned->IsGone(sequence) || VisitFrame(sequence, value, visit);
           },
       .unreadable = [this](Sequence first, uint64_t count) { CountDamaged(first, count); }});
}

Result<Sequence> Log::Impl::VisitRecent(const RecentFrames& frames, Sequence end,
                                        uint32_t records_max, const ThinnedEpochs& thinned,
                                        const std::function<bool(const FrameRecord&)>& visit) {
  for (const auto& frame : frames) {
    if (thinned.IsGone(frame->sequence)) continue;
    const bool go_on = visit(FrameRecord{.sequence = frame->sequence,
                                         .lane = frame->lane,
                                         .timestamp_ms = frame->timestamp_ms,
                                         .sample_count = frame->sample_count,
                                         .target_at = frame->target_at,
                                         .layout_at = frame->layout_at,
                                         .record_bytes = frame->record_bytes,
                                         .stored = *frame->stored,
                                         .held = frame->stored,
                                         .decoded = frame->decoded});
    if (!go_on) return frame->sequence + 1;
  }
  return frames.size() < records_max ? end : frames.back()->sequence + 1;
}

// Passes over records of other types, and damaged ones. Whether to go on.
bool Log::Impl::VisitFrame(Sequence sequence, std::string_view value,
                           const std::function<bool(const FrameRecord&)>& visit) const {
  const Result<RecordView> record = OpenRecord(sequence, value);
  if (record.ok() && record.value().type != RecordType::kFrame) return true;
  const Result<FrameBody> frame = record.ok() ? DecodeFrameBody(sequence, record.value().body)
                                              : Result<FrameBody>(record.error());
  if (!frame.ok()) {
    CountDamaged(sequence, 1);
    return true;
  }
  return visit(FrameRecord{.sequence = sequence,
                           .lane = frame.value().lane,
                           .timestamp_ms = frame.value().timestamp_ms,
                           .sample_count = frame.value().sample_count,
                           .target_at = frame.value().target_at,
                           .layout_at = frame.value().layout_at,
                           .record_bytes = RecordBytes(value),
                           .stored = frame.value().stored});
}

Result<std::string> Log::Impl::Load(Sequence at, RecordType type) const {
  Result<std::string> value = records->Get(at);
  if (!value.ok()) {
    if (value.error().code == ErrorCode::kCorruption) CountDamaged(at, 1);
    return value;
  }
  const Result<RecordView> record = OpenRecord(at, value.value());
  if (!record.ok()) {
    CountDamaged(at, 1);
    return record.error().WithContext("record " + std::to_string(at));
  }
  if (record.value().type != type) {
    return Corruption("record " + std::to_string(at) + " is of another type");
  }
  return std::string(record.value().body);
}

Status Log::Impl::Acknowledge(const std::string& name, std::span<const FrameOutcome> outcomes,
                              std::span<const LaneAdvance> advances) {
  MutexLock write_lock(write_mu_);
  bool idle = false;
  {
    MutexLock lock(mu_);
    const std::optional<bool> changed =
        state_.book.Acknowledge(name, outcomes, advances, state_.head, state_.epochs);
    if (!changed) return Error{ErrorCode::kNotFound, "no destination " + name};
    if (!*changed) return {};
    idle = AllDone();
  }
  for (const FrameOutcome& outcome : outcomes) busy_bytes_ += outcome.record_bytes;
  if (busy_bytes_ >= (idle ? options.write_buffer_bytes / 2 : WakeBytes())) Wake();
  progress_dirty_ = true;
  return WriteProgress();
}

LogStatus Log::Impl::Describe() const {
  LogStatus status;
  std::array<Sequence, kLaneCount> minimums{};
  {
    MutexLock lock(mu_);
    status.head = state_.head;
    minimums = state_.book.NeedsOf(state_.head).lanes;
    status.oldest = *std::min_element(minimums.begin(), minimums.end());
    status.bytes = state_.epochs.BytesFrom(status.oldest);
    status.damaged_records = damaged_count_;
  }
  if (status.oldest >= status.head) return status;
  const Result<Sequence> next =
      Scan(status.oldest, kOldestProbes, [&status, &minimums](const FrameRecord& frame) {
        if (frame.sequence < minimums[frame.lane]) return true;
        status.oldest_ms = frame.timestamp_ms;
        return false;
      });
  if (!next.ok()) status.oldest_ms = std::nullopt;
  return status;
}

Result<std::unique_ptr<Log>> Log::Open(const LogOptions& options, const Clock& clock, Logger logger,
                                       Telemetry& telemetry) {
  if (Status prepared = PrepareDirectory(options.directory); !prepared.ok()) {
    return prepared.error();
  }
  auto impl = std::make_unique<Impl>(options, &clock, logger);
  impl->metrics = LogMetrics(telemetry);
  impl->space.BeforeOpen();
  const Records::OpenStore open = [directory = options.directory, logger, floor = impl->floor,
                                   bytes = impl->options.write_buffer_bytes] {
    return Store::Open({.directory = directory, .write_buffer_bytes = bytes}, floor, logger);
  };
  Result<std::unique_ptr<Store>> store = open();
  if (!store.ok()) return store.error();
  if (Status taken = TakeOverDirectory(options.directory); !taken.ok()) {
    // A full disk, say: no reason not to start.
    logger.Warn("buffer: its version cannot be written; do not go back to an older program",
                {{"error", taken.error().message}});
  }
  if (Status recovered = impl->Recover(std::move(*store), open); !recovered.ok()) {
    return recovered.error().WithContext("buffer directory " + options.directory);
  }
  impl->Start();
  return std::unique_ptr<Log>(new Log(std::move(impl)));
}

Result<std::unique_ptr<Log>> Log::OpenReadOnly(const std::string& directory) {
  if (Status checked = CheckDirectory(directory); !checked.ok()) return checked.error();
  auto impl = std::make_unique<Impl>(LogOptions{.directory = directory}, nullptr, Logger());
  Result<std::unique_ptr<Store>> store = Store::OpenReadOnly(directory);
  if (!store.ok()) return store.error();
  if (Status recovered = impl->Recover(std::move(*store), nullptr); !recovered.ok()) {
    return recovered.error().WithContext("buffer directory " + directory);
  }
  return std::unique_ptr<Log>(new Log(std::move(impl)));
}

Status Log::Impl::Recover(std::unique_ptr<Store> store, const Records::OpenStore& open) {
  const bool reads_only = clock == nullptr;
  Result<RecoveredLog> recovered =
      RecoverLog(*store, logger, reads_only ? TryAgain() : WaitForDisk(logger));
  if (!recovered.ok()) return recovered.error();
  MutexLock write_lock(write_mu_);
  MutexLock lock(mu_);
  state_ = std::move(recovered.value().state);
  synced_before_ = state_.head;
  records = std::make_unique<Records>(
      std::move(store),
      Records::Options{.open = open,
                       .held_bytes_max = options.held_bytes_max,
                       .head = state_.head,
                       .is_lost = [this](Sequence sequence) { return IsLost(sequence); }});
  damaged_count_ = recovered.value().damaged_records;
  metrics.damaged_records.Increment(static_cast<double>(damaged_count_));
  return {};
}

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Log::~Log() = default;

Status Log::Append(std::span<const FrameAppend> frames) { return impl_->Append(frames); }

Result<Sequence> Log::Scan(Sequence from, uint32_t records_max,
                           const std::function<bool(const FrameRecord&)>& visit) const {
  return impl_->Scan(from, records_max, visit);
}

Result<StoredLayout> Log::LoadLayout(Sequence at) const {
  const Result<std::string> body = impl_->Load(at, RecordType::kLayout);
  if (!body.ok()) return body.error();
  Result<LayoutBody> layout = DecodeLayoutBody(at, body.value());
  if (!layout.ok()) return layout.error();
  StoredLayout stored;
  stored.id = layout.value().id;
  stored.series_count = layout.value().series_count;
  stored.chunks.reserve(layout.value().chunks.size());
  for (const LayoutBody::ChunkRef& chunk : layout.value().chunks) {
    stored.chunks.push_back({.id = chunk.id, .series_count = chunk.series_count, .at = chunk.at});
  }
  return stored;
}

Result<StoredTarget> Log::LoadTarget(Sequence at) const {
  const Result<std::string> body = impl_->Load(at, RecordType::kTarget);
  if (!body.ok()) return body.error();
  const Result<ContentBody> content = DecodeContentBody(body.value());
  if (!content.ok()) return content.error();
  return StoredTarget{.id = content.value().id, .stored = std::string(content.value().stored)};
}

Result<std::string> Log::LoadChunk(Sequence at) const {
  const Result<std::string> body = impl_->Load(at, RecordType::kChunk);
  if (!body.ok()) return body.error();
  const Result<ContentBody> content = DecodeContentBody(body.value());
  if (!content.ok()) return content.error();
  return std::string(content.value().stored);
}

Result<DestinationProgress> Log::Attach(const std::string& name) {
  const Status changed =
      impl_->ChangeBook([&name](ProgressBook& book) { return book.Attach(name); });
  if (!changed.ok()) return changed.error();
  return *Progress(name);
}

Status Log::Detach(const std::string& name) {
  return impl_->ChangeBook([&name](ProgressBook& book) { return book.Detach(name); });
}

Status Log::Close(const std::string& name) {
  const Result<bool> closed = impl_->ChangeBookAtEpoch(
      name, [&name](ProgressBook& book, Sequence at) { return book.Close(name, at); });
  if (closed.ok() || closed.error().code == ErrorCode::kNotFound) return {};
  return closed.error();
}

void Log::SetBudgets(const std::map<std::string, DiskBudget>& budgets) {
  impl_->SetBudgets(budgets);
}

Sequence Log::BeginScan(const std::string& name, Sequence from) {
  return impl_->BeginScan(name, from);
}

Status Log::Forget(const std::string& name) {
  {
    MutexLock lock(impl_->mu_);
    impl_->budgets_.erase(name);
    impl_->read_until_.erase(name);
  }
  return impl_->ChangeBook([&name](ProgressBook& book) { return book.Forget(name); });
}

Status Log::Acknowledge(const std::string& name, std::span<const FrameOutcome> outcomes,
                        std::span<const LaneAdvance> advances) {
  if (Status good = CheckLanes(outcomes, advances); !good.ok()) return good;
  return impl_->Acknowledge(name, outcomes, advances);
}

Status Log::Branch(const std::string& name, const std::string& part) {
  if (!Progress(name)) return Error{ErrorCode::kNotFound, "no destination " + name};
  return impl_->ChangeBook([&](ProgressBook& book) { return book.Branch(name, part); });
}

Status Log::Join(const std::string& name, const std::string& part) {
  {
    MutexLock lock(impl_->mu_);
    impl_->read_until_.erase(BranchName(name, part));
  }
  return impl_->ChangeBook([&](ProgressBook& book) { return book.Join(name, part); });
}

std::optional<DestinationProgress> Log::ProgressWithBranches(const std::string& name) const {
  std::optional<DestinationProgress> progress;
  std::vector<Ledger> branches;
  for (DestinationProgress& each : AllProgress()) {
    if (each.name == name) {
      progress = std::move(each);
    } else if (const auto branch = ParseBranchName(each.name);
               branch && branch->destination == name) {
      branches.push_back(each.ledger);
    }
  }
  if (!progress) return progress;
  progress->ledger = WithBranches(progress->ledger, branches);
  MutexLock lock(impl_->mu_);
  progress->kept_bytes = impl_->KeptBytes(name);
  return progress;
}

Result<bool> Log::PartBacklog(const std::string& name) {
  return impl_->ChangeBookAtEpoch(
      name, [&name](ProgressBook& book, Sequence at) { return book.PartBacklog(name, at); });
}

std::optional<DestinationProgress> Log::Progress(const std::string& name) const {
  MutexLock lock(impl_->mu_);
  return impl_->state_.book.Progress(name, impl_->state_.head);
}

std::vector<DestinationProgress> Log::AllProgress() const {
  MutexLock lock(impl_->mu_);
  return impl_->state_.book.AllProgress(impl_->state_.head);
}

LogStatus Log::status() const { return impl_->Describe(); }

}  // namespace sluice::buffer
