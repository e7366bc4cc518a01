#include "scrape/layout_builder.h"

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "base/result.h"
#include "buffer/chunk_scanner.h"
#include "scrape/page_walk.h"

namespace sluice::scrape {

// Chunks are read back, which fails above a limit: 256 series, their families' names, which the
// names of the series begin with, and their texts stay below it.
static_assert(kChunkSeriesMax * (2 * kSeriesBytesMax + kHelpBytesMax + kUnitBytesMax + 64) <
              buffer::kChunkContentBytesMax);

std::vector<uint32_t> ChunkStarts(const SeriesList& list) {
  std::vector<uint32_t> starts;
  starts.reserve(list.chunks.size() + 1);
  uint32_t start = 0;
  for (const auto& chunk : list.chunks) {
    starts.push_back(start);
    start += chunk->series_count;
  }
  starts.push_back(start);
  return starts;
}

namespace {

// One in so many series, and one in so many families, ends a chunk.
constexpr uint64_t kSeriesCutMask = 63;
constexpr uint32_t kFamilyCutMask = 3;

// Reads series back out of the chunks of a list. Remembers the chunks that it read last, because
// callers go through the slots in nearly ascending order, or do so in several places at once.
class ChunkReader {
 public:
  explicit ChunkReader(const SeriesList& list, size_t chunks_at_once = 1)
      : list_(list), starts_(ChunkStarts(list)), opened_(chunks_at_once) {}

  // Valid until the next call.
  struct Found {
    std::string_view series;
    const buffer::FamilyView* family;
  };

  Found Read(uint32_t slot) {
    const size_t chunk = ChunkOf(slot);
    const buffer::ChunkScanner& scanner = ScannerOf(chunk);
    const uint32_t i = slot - starts_[chunk];
    return {scanner.series(i), &scanner.family(i)};
  }

  // The chunk that starts with this slot, or none.
  std::optional<size_t> ChunkStartingAt(uint32_t slot) const {
    const size_t chunk = ChunkOf(slot);
    if (starts_[chunk] != slot) return std::nullopt;
    return chunk;
  }

 private:
  struct Opened {
    buffer::ChunkScanner scanner;
    std::optional<size_t> chunk;  // that it has
  };

  size_t ChunkOf(uint32_t slot) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), slot);
    return static_cast<size_t>(after - starts_.begin()) - 1;
  }

  const buffer::ChunkScanner& ScannerOf(size_t chunk) {
    for (const Opened& opened : opened_) {
      if (opened.chunk == chunk) return opened.scanner;
    }
    Opened& opened = opened_[next_];
    next_ = (next_ + 1) % opened_.size();
    const Status status = opened.scanner.Open(list_.chunks[chunk]->stored);
    SLUICE_CHECK(status.ok());  // we encoded it ourselves, and it never left the memory
    opened.chunk = chunk;
    return opened.scanner;
  }

  const SeriesList& list_;
  std::vector<uint32_t> starts_;
  std::vector<Opened> opened_;
  size_t next_ = 0;  // to be opened anew
};

// Encodes runs of slots of the old list and of added series.
class ChunkWriter {
 public:
  explicit ChunkWriter(const SeriesList& old, size_t chunks_at_once = 1)
      : reader_(old, chunks_at_once) {}

  ChunkReader& reader() { return reader_; }

  // `family` is what the series belongs to now; `content` is null when that has not changed.
  void AddOld(uint32_t slot, FamilyId family, const Family* content) {
    const ChunkReader::Found found = reader_.Read(slot);
    Start(family, content == nullptr ? *found.family : content->View());
    builder_.AddEncoded(found.series);
  }

  void AddNew(std::string_view encoded, FamilyId family, const buffer::FamilyView& content) {
    Start(family, content);
    builder_.AddEncoded(encoded);
  }

  std::shared_ptr<const buffer::Chunk> Finish() {
    last_family_.reset();
    return builder_.Finish();
  }

 private:
  void Start(FamilyId family, const buffer::FamilyView& content) {
    if (last_family_ == family) return;
    // A chunk whose first series have no family needs no word about it.
    if (family != kNoFamily || last_family_.has_value()) builder_.StartFamily(content);
    last_family_ = family;
  }

  ChunkReader reader_;
  buffer::ChunkBuilder builder_;
  std::optional<FamilyId> last_family_;
};

const Family& ContentOf(const std::unordered_map<FamilyId, Family>& families, FamilyId family) {
  static const Family kNone;
  if (family == kNoFamily) return kNone;
  const auto found = families.find(family);
  SLUICE_CHECK(found != families.end());
  return found->second;
}

template <class Number>
uint64_t HashOf(const std::vector<Number>& numbers) {
  return Xxh3({reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)});
}

class Rebuild {
 public:
  Rebuild(const SeriesList& old, const LayoutChange& change)
      : old_(old), change_(change), added_(change.added), writer_(old, change.chunks_at_once) {}

  SeriesList Run() {
    next_.hashes.reserve(change_.order.size());
    next_.families.reserve(change_.order.size());
    for (const uint32_t from : change_.order) {
      const bool is_old = from < old_.size();
      next_.hashes.push_back(is_old ? old_.hashes[from] : change_.added.hash(from - old_.size()));
      next_.families.push_back(is_old ? change_.families[from]
                                      : change_.added.family(from - old_.size()));
    }
    uint32_t first = 0;
    for (uint32_t i = 0; i < next_.size(); ++i) {
      if (!EndsChunk(first, i)) continue;
      next_.chunks.push_back(MakeChunk(first, i + 1));
      first = i + 1;
    }
    return std::move(next_);
  }

 private:
  bool EndsChunk(uint32_t first, uint32_t i) const {
    if (i + 1 == next_.size()) return true;
    const uint32_t count = i - first + 1;
    if (count < kChunkSeriesMin) return false;
    if (count >= kChunkSeriesMax) return true;
    const bool ends_family = next_.families[i] != next_.families[i + 1];
    if (ends_family && (next_.families[i] & kFamilyCutMask) == 0) return true;
    return (next_.hashes[i] & kSeriesCutMask) == 0;
  }

  std::shared_ptr<const buffer::Chunk> MakeChunk(uint32_t first, uint32_t end) {
    if (auto same = UnchangedChunk(first, end)) return same;
    for (uint32_t i = first; i < end; ++i) {
      const uint32_t from = change_.order[i];
      const FamilyId family = next_.families[i];
      if (from < old_.size()) {
        const bool moved = family != old_.families[from];
        writer_.AddOld(from, family, moved ? &Content(family) : nullptr);
      } else {
        writer_.AddNew(added_.Read(from - old_.size()), family, Content(family).View());
      }
    }
    return writer_.Finish();
  }

  std::shared_ptr<const buffer::Chunk> UnchangedChunk(uint32_t first, uint32_t end) {
    const uint32_t from = change_.order[first];
    if (from >= old_.size()) return nullptr;
    const auto chunk = writer_.reader().ChunkStartingAt(from);
    if (!chunk.has_value() || old_.chunks[*chunk]->series_count != end - first) return nullptr;
    for (uint32_t i = first; i < end; ++i) {
      if (change_.order[i] != from + (i - first)) return nullptr;
      if (next_.families[i] != old_.families[change_.order[i]]) return nullptr;
    }
    return old_.chunks[*chunk];
  }

  const Family& Content(FamilyId family) const { return ContentOf(change_.known_families, family); }

  const SeriesList& old_;
  const LayoutChange& change_;
  AddedSeries::Reader added_;
  ChunkWriter writer_;
  SeriesList next_;
};

}  // namespace

size_t SeriesList::memory_bytes() const {
  return hashes.capacity() * sizeof(hashes[0]) + families.capacity() * sizeof(families[0]) +
         chunks.capacity() * sizeof(chunks[0]);
}

uint64_t SeriesList::Hash() const { return 31 * HashOf(hashes) + HashOf(families); }

bool operator==(const SeriesList& a, const SeriesList& b) {
  const auto is_same = [](const auto& x, const auto& y) { return x->id == y->id; };
  return a.hashes == b.hashes && a.families == b.families &&
         std::equal(a.chunks.begin(), a.chunks.end(), b.chunks.begin(), b.chunks.end(), is_same);
}

SeriesList RebuildSeries(const SeriesList& old, const LayoutChange& change) {
  return Rebuild(old, change).Run();
}

SeriesList ExtendSeries(const SeriesList& old, const AddedSeries& added,
                        const std::unordered_map<FamilyId, Family>& known_families) {
  SeriesList next;
  next.hashes.reserve(old.size() + added.size());
  next.families.reserve(old.size() + added.size());
  next.hashes = old.hashes;
  next.families = old.families;
  next.chunks = old.chunks;
  ChunkWriter writer(old);
  AddedSeries::Reader reader(added);
  for (uint32_t i = 0; i < added.size(); ++i) {
    next.hashes.push_back(added.hash(i));
    next.families.push_back(added.family(i));
    writer.AddNew(reader.Read(i), added.family(i),
                  ContentOf(known_families, added.family(i)).View());
    const bool ends_chunk = (i + 1) % kChunkSeriesMax == 0 || i + 1 == added.size();
    if (ends_chunk) next.chunks.push_back(writer.Finish());
  }
  return next;
}

size_t CountPartialChunks(const SeriesList& list, std::span<const uint32_t> slots) {
  size_t count = 0;
  auto slot = slots.begin();
  uint32_t end = 0;
  for (const auto& chunk : list.chunks) {
    end += chunk->series_count;
    const auto behind = std::find_if(slot, slots.end(), [end](uint32_t s) { return s >= end; });
    const auto held = static_cast<size_t>(behind - slot);
    if (held != 0 && held != chunk->series_count) ++count;
    slot = behind;
  }
  return count;
}

std::shared_ptr<const buffer::Layout> LayoutOfSlots(const SeriesList& list,
                                                    std::span<const uint32_t> slots) {
  if (slots.empty()) return nullptr;
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  ChunkWriter writer(list);
  uint32_t open = 0;  // series in the writer
  const auto close = [&] {
    if (open > 0) chunks.push_back(writer.Finish());
    open = 0;
  };
  for (size_t i = 0; i < slots.size();) {
    const auto whole = writer.reader().ChunkStartingAt(slots[i]);
    const uint32_t count = whole.has_value() ? list.chunks[*whole]->series_count : 0;
    // Slots ascend, so the first and the last one tell whether all between are there.
    const bool covered =
        count > 0 && i + count <= slots.size() && slots[i + count - 1] == slots[i] + count - 1;
    if (covered) {
      close();
      chunks.push_back(list.chunks[*whole]);
      i += count;
      continue;
    }
    writer.AddOld(slots[i], list.families[slots[i]], nullptr);
    if (++open == kChunkSeriesMax) close();
    ++i;
  }
  close();
  return buffer::Layout::Of(std::move(chunks));
}

std::shared_ptr<const buffer::Chunk> ChunkOfSlots(const SeriesList& list,
                                                  std::span<const uint32_t> slots) {
  ChunkWriter writer(list);
  for (const uint32_t slot : slots) writer.AddOld(slot, list.families[slot], nullptr);
  return writer.Finish();
}

}  // namespace sluice::scrape
