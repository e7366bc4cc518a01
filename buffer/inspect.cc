#include "buffer/inspect.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <iomanip>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "buffer/log.h"

namespace sluice::buffer {
namespace {

std::string FormatTime(TimestampMs timestamp_ms) {
  const auto seconds = static_cast<std::time_t>(timestamp_ms / 1000);
  std::tm parts{};
  std::array<char, 32> text{};
  if (gmtime_r(&seconds, &parts) == nullptr) return std::to_string(timestamp_ms) + " ms";
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

// With a unit that leaves few digits.
std::string FormatBytes(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  uint64_t tenths = bytes * 10;
  while (tenths >= 10240 && unit + 1 < kUnits.size()) {
    tenths /= 1024;
    ++unit;
  }
  const std::string whole = std::to_string(tenths / 10);
  if (unit == 0) return whole + " B";
  return whole + "." + std::to_string(tenths % 10) + " " + kUnits[unit];
}

void WriteDestination(const DestinationProgress& progress, std::ostream& out) {
  out << "\ndestination " << PrintableName(progress.name)
      << (progress.attached ? "" : " (not configured when last seen)") << "\n";
  const auto row = [&out](std::string_view name, uint64_t samples) {
    out << "  " << std::left << std::setw(22) << name << std::right << std::setw(16) << samples
        << " samples\n";
  };
  row("appended", progress.ledger.appended);
  row("acknowledged", progress.ledger.acknowledged);
  row("pending", progress.ledger.pending);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    if (progress.ledger.dropped[i] == 0) continue;
    row("dropped " + std::string(DropReasonName(static_cast<DropReason>(i))),
        progress.ledger.dropped[i]);
  }
  uint32_t behind = 0;
  for (const LaneProgress& lane : progress.lanes) behind += lane.pending_bytes > 0 ? 1 : 0;
  out << "  pending on disk       " << FormatBytes(progress.pending_bytes) << " in " << behind
      << " of " << kLaneCount << " lanes, from record " << progress.oldest << "\n";
  if (progress.full_at != 0) out << "  accepts nothing new, its disk budget was full\n";
}

// What a pass over all frames finds.
struct Contents {
  uint64_t frames = 0;
  uint64_t samples = 0;
  uint64_t bytes = 0;
  uint64_t histograms = 0;  // those of the samples that are native histograms
  uint64_t exemplars = 0;
  uint64_t unreadable = 0;  // frames whose labels or layout are damaged or gone
  uint64_t malformed = 0;   // others that cannot be decoded
  TimestampMs first_ms = std::numeric_limits<TimestampMs>::max();
  TimestampMs last_ms = std::numeric_limits<TimestampMs>::min();
  std::set<Sequence> targets;
  std::set<Sequence> layouts;
};

// The number of series of a layout, when it and all its chunks are readable.
std::optional<uint32_t> ReadLayout(const Log& log, Sequence at) {
  const Result<StoredLayout> layout = log.LoadLayout(at);
  if (!layout.ok()) return std::nullopt;
  for (const StoredLayout::ChunkRef& chunk : layout.value().chunks) {
    const Result<std::string> stored = log.LoadChunk(chunk.at);
    if (!stored.ok() || !DecodedChunk::Decode(stored.value()).ok()) return std::nullopt;
  }
  return layout.value().series_count;
}

// Looks into each frame; what many frames share is looked at once.
class ContentsReader {
 public:
  ContentsReader(const Log& log, const InspectOptions& options)
      : log_(log), options_(options), begin_(log.status().oldest), end_(log.status().head) {}

  Result<Contents> Read() {
    const auto visit = [this](const FrameRecord& frame) {
      Visit(frame);
      return true;
    };
    const Result<Sequence> end = log_.Scan(1, std::numeric_limits<uint32_t>::max(), visit);
    if (!end.ok()) return end.error();
    return std::move(contents_);
  }

 private:
  void Visit(const FrameRecord& frame) {
    if (++contents_.frames % kFramesBetweenNews == 0 && options_.on_progress) {
      options_.on_progress(frame.sequence - std::min(begin_, frame.sequence), end_ - begin_);
    }
    contents_.samples += frame.sample_count;
    contents_.bytes += frame.record_bytes;
    contents_.first_ms = std::min(contents_.first_ms, frame.timestamp_ms);
    contents_.last_ms = std::max(contents_.last_ms, frame.timestamp_ms);
    contents_.targets.insert(frame.target_at);
    contents_.layouts.insert(frame.layout_at);
    const bool target_good = IsTargetReadable(frame.target_at);
    const std::optional<uint32_t> series_count = SeriesCountOf(frame.layout_at);
    if (!target_good || !series_count) {
      ++contents_.unreadable;
    } else if (!decoder_.Decode(frame.stored, *series_count, decoded_).ok()) {
      ++contents_.malformed;
    } else {
      contents_.histograms += decoded_.histograms.size();
      contents_.exemplars += decoded_.exemplars.size();
    }
  }

  bool IsTargetReadable(Sequence at) {
    const auto [known, is_new] = targets_.emplace(at, false);
    if (is_new) known->second = log_.LoadTarget(at).ok();
    return known->second;
  }

  std::optional<uint32_t> SeriesCountOf(Sequence at) {
    const auto [known, is_new] = layouts_.emplace(at, std::nullopt);
    if (is_new) known->second = ReadLayout(log_, at);
    return known->second;
  }

  static constexpr uint64_t kFramesBetweenNews = 64;

  const Log& log_;
  const InspectOptions& options_;
  const Sequence begin_;
  const Sequence end_;
  Contents contents_;
  std::map<Sequence, bool> targets_;
  std::map<Sequence, std::optional<uint32_t>> layouts_;
  FrameDecoder decoder_;
  DecodedFrame decoded_;
};

void WriteContents(const Contents& contents, std::ostream& out) {
  out << "\nframes on disk: " << contents.frames << " with " << contents.samples << " samples, "
      << FormatBytes(contents.bytes) << "\n";
  if (contents.frames == 0) return;
  out << "  from " << FormatTime(contents.first_ms) << " to " << FormatTime(contents.last_ms)
      << "\n  native histograms among the samples: " << contents.histograms
      << ", exemplars: " << contents.exemplars
      << "\n  target records used: " << contents.targets.size()
      << ", layout records used: " << contents.layouts.size()
      << "\n  frames without readable labels or layout: " << contents.unreadable
      << "\n  other frames that cannot be decoded: " << contents.malformed << "\n";
}

}  // namespace

Status Inspect(const std::string& directory, const InspectOptions& options, std::ostream& out) {
  const Result<std::unique_ptr<Log>> opened = Log::OpenReadOnly(directory);
  if (!opened.ok()) return opened.error();
  const Log& log = *opened.value();
  Contents contents;
  if (options.verify) {
    Result<Contents> read = ContentsReader(log, options).Read();
    if (!read.ok()) return read.error();
    contents = std::move(read.value());
  }
  const LogStatus status = log.status();
  out << "buffer " << directory << "\n"
      << "  records               " << status.oldest << " needed first, " << status.head
      << " next to be written\n"
      << "  needed                " << FormatBytes(status.bytes) << "\n";
  if (status.oldest_ms) {
    out << "  oldest pending frame  " << FormatTime(*status.oldest_ms) << "\n";
  }
  out << "  damaged records       " << status.damaged_records
      << (options.verify ? " found\n" : " met while opening\n");
  const std::vector<DestinationProgress> all = log.AllProgress();
  if (all.empty()) out << "\nno destinations\n";
  for (const DestinationProgress& progress : all) WriteDestination(progress, out);
  if (options.verify) WriteContents(contents, out);
  return {};
}

}  // namespace sluice::buffer
