#include "proto/write_request_v2.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/result.h"

namespace sluice::proto {

namespace {

// Field numbers and wire types of io.prometheus.write.v2.Request, as tags.
constexpr char kSymbolTag = 0x22;     // Request.symbols
constexpr char kSeriesTag = 0x2a;     // Request.timeseries
constexpr char kRefsTag = 0x0a;       // TimeSeries.labels_refs, Exemplar.labels_refs, packed
constexpr char kSampleTag = 0x12;     // TimeSeries.samples
constexpr char kHistogramTag = 0x1a;  // TimeSeries.histograms
constexpr char kExemplarTag = 0x22;   // TimeSeries.exemplars
constexpr char kMetadataTag = 0x2a;   // TimeSeries.metadata

constexpr char kSampleValueTag = 0x09;      // Sample.value, 64 bits
constexpr char kSampleTimestampTag = 0x10;  // Sample.timestamp, varint
constexpr char kSampleStartTag = 0x18;      // Sample.start_timestamp, varint

constexpr char kExemplarValueTag = 0x11;      // Exemplar.value, 64 bits
constexpr char kExemplarTimestampTag = 0x18;  // Exemplar.timestamp, varint

constexpr char kHistogramTimestampTag = 0x78;                // Histogram.timestamp, varint
constexpr std::string_view kHistogramStartTag = "\x88\x01";  // Histogram.start_timestamp, varint

constexpr char kTypeTag = 0x08;  // Metadata.type, varint
constexpr char kHelpTag = 0x18;  // Metadata.help_ref, varint
constexpr char kUnitTag = 0x20;  // Metadata.unit_ref, varint

constexpr size_t kRefBytesMax = 4;
constexpr uint32_t kRefsMax = 1U << 28;
constexpr size_t kMetadataMax = 2 + 3 * (1 + kVarintMax);

inline uint64_t Bits(TimestampMs ms) { return static_cast<uint64_t>(ms); }

inline size_t SampleBodySize(const SampleView& sample) {
  const size_t size = 9 + 1 + VarintSize(Bits(sample.timestamp_ms));
  return sample.start_ms == 0 ? size : size + 1 + VarintSize(Bits(sample.start_ms));
}

inline char* WriteSample(char* at, const SampleView& sample) {
  *at++ = kSampleTag;
  *at++ = static_cast<char>(SampleBodySize(sample));
  *at++ = kSampleValueTag;
  at = WriteDouble(at, sample.value);
  *at++ = kSampleTimestampTag;
  at = WriteVarint(at, Bits(sample.timestamp_ms));
  if (sample.start_ms == 0) return at;
  *at++ = kSampleStartTag;
  return WriteVarint(at, Bits(sample.start_ms));
}

size_t HistogramBodySize(const HistogramView& histogram) {
  size_t size = histogram.bytes.size() + 1 + VarintSize(Bits(histogram.timestamp_ms));
  if (histogram.start_ms != 0) {
    size += kHistogramStartTag.size() + VarintSize(Bits(histogram.start_ms));
  }
  return size;
}

size_t HistogramSize(const HistogramView& histogram) {
  const size_t size = HistogramBodySize(histogram);
  return 1 + VarintSize(size) + size;
}

char* WriteHistogram(char* at, const HistogramView& histogram) {
  *at++ = kHistogramTag;
  at = WriteVarint(at, HistogramBodySize(histogram));
  at = WriteBytes(at, histogram.bytes);
  *at++ = kHistogramTimestampTag;
  at = WriteVarint(at, Bits(histogram.timestamp_ms));
  if (histogram.start_ms == 0) return at;
  at = WriteBytes(at, kHistogramStartTag);
  return WriteVarint(at, Bits(histogram.start_ms));
}

}  // namespace

RequestWriterV2::RequestWriterV2(std::shared_ptr<const SymbolPool> pool) : pool_(std::move(pool)) {
  Clear();
}

void RequestWriterV2::Clear() {
  // Slots of earlier requests are known by their number.
  if (++request_ == 0) {
    slots_.clear();
    request_ = 1;
  }
  slots_.resize(std::max(slots_.size(), pool_->limit()));
  symbols_.Clear();
  series_.Clear();
  next_ref_ = 0;
  last_metadata_ = {};
  last_metadata_bytes_ = {};
  AddSymbol(kNoSymbol);  // the first one is the empty text
}

RequestWriterV2::Slot RequestWriterV2::AddSymbol(Symbol symbol) {
  if (symbol >= slots_.size()) slots_.resize(pool_->limit());
  // A request with more than that does not fit into memory.
  SLUICE_CHECK(next_ref_ < kRefsMax);
  const std::string_view text = pool_->TextOf(symbol);
  char* at = symbols_.Reserve(1 + kVarintMax + text.size());
  *at++ = kSymbolTag;
  at = WriteVarint(at, text.size());
  symbols_.EndAt(WriteBytes(at, text));
  std::array<char, sizeof(uint32_t)> varint{};
  WriteVarint(varint.data(), next_ref_++);
  slots_[symbol] = {.request = request_, .ref = std::bit_cast<uint32_t>(varint)};
  return slots_[symbol];
}

// The hot loop: what it needs is in locals, because writing bytes may change any member as far as
// the compiler knows.
char* RequestWriterV2::WriteRefs(char* at, std::span<const Symbol> symbols) {
  const Slot* slots = slots_.data();
  size_t slot_count = slots_.size();
  const uint32_t request = request_;
  for (const Symbol symbol : symbols) {
    Slot slot = symbol < slot_count ? slots[symbol] : Slot{};
    if (slot.request != request) {
      slot = AddSymbol(symbol);
      slots = slots_.data();
      slot_count = slots_.size();
    }
    std::memcpy(at, &slot.ref, sizeof(slot.ref));
    // The first byte without a continuation bit is the last.
    at += std::countr_zero(~slot.ref & 0x80808080U) / 8 + 1;
  }
  return at;
}

char* RequestWriterV2::WriteRef(char* at, Symbol symbol) { return WriteRefs(at, {&symbol, 1}); }

// Neighbours are of one family, as a rule.
std::string_view RequestWriterV2::WriteMetadata(const MetadataSymbols& metadata) {
  if (metadata == MetadataSymbols{}) return {};
  if (metadata == last_metadata_) return last_metadata_bytes_;
  metadata_.resize(kMetadataMax);  // references are written four bytes at a time
  char* at = metadata_.data() + 2;
  if (metadata.type != 0) {
    *at++ = kTypeTag;
    at = WriteVarint(at, metadata.type);
  }
  const auto put = [&](char tag, Symbol symbol) {
    if (symbol == kNoSymbol) return;
    *at++ = tag;
    at = WriteRef(at, symbol);
  };
  put(kHelpTag, metadata.help);
  put(kUnitTag, metadata.unit);
  const auto size = static_cast<size_t>(at - metadata_.data());
  metadata_[0] = kMetadataTag;
  metadata_[1] = static_cast<char>(size - 2);
  last_metadata_ = metadata;
  last_metadata_bytes_ = {metadata_.data(), size};
  return last_metadata_bytes_;
}

void RequestWriterV2::AddSeries(const SeriesContentV2& series) {
  const std::string_view metadata = WriteMetadata(series.metadata);
  size_t rest = series.encoded_exemplars.size() + metadata.size();
  for (const SampleView& sample : series.samples) rest += 2 + SampleBodySize(sample);
  for (const HistogramView& histogram : series.histograms) rest += HistogramSize(histogram);
  char* at = series_.Reserve(2 * (1 + kVarintMax) + series.labels.size() * kRefBytesMax + rest);

  // References are written where they belong when both lengths take one byte, as most do.
  char* const refs = at + 4;
  const auto refs_size = static_cast<size_t>(WriteRefs(refs, series.labels) - refs);
  const size_t body_size = 1 + VarintSize(refs_size) + refs_size + rest;
  const size_t head_size = 2 + VarintSize(body_size) + VarintSize(refs_size);
  if (head_size != 4) std::memmove(at + head_size, refs, refs_size);
  *at++ = kSeriesTag;
  at = WriteVarint(at, body_size);
  *at++ = kRefsTag;
  at = WriteVarint(at, refs_size) + refs_size;

  for (const SampleView& sample : series.samples) at = WriteSample(at, sample);
  for (const HistogramView& histogram : series.histograms) at = WriteHistogram(at, histogram);
  if (!series.encoded_exemplars.empty()) at = WriteBytes(at, series.encoded_exemplars);
  series_.EndAt(WriteBytes(at, metadata));
}

void RequestWriterV2::AppendExemplar(std::string& out, std::span<const Symbol> labels,
                                     const SampleView& sample) {
  refs_.resize(labels.size() * kRefBytesMax);
  refs_.resize(static_cast<size_t>(WriteRefs(refs_.data(), labels) - refs_.data()));
  const size_t refs_size = refs_.empty() ? 0 : 1 + VarintSize(refs_.size()) + refs_.size();
  const size_t size = refs_size + 9 + 1 + VarintSize(Bits(sample.timestamp_ms));
  std::array<char, 1 + kVarintMax> head;
  const auto put = [&](char tag, uint64_t length) {
    head[0] = tag;
    out.append(head.data(), WriteVarint(head.data() + 1, length));
  };
  put(kExemplarTag, size);
  if (!refs_.empty()) {
    put(kRefsTag, refs_.size());
    out.append(refs_);
  }
  std::array<char, 9 + 1 + kVarintMax> tail;
  char* at = tail.data();
  *at++ = kExemplarValueTag;
  at = WriteDouble(at, sample.value);
  *at++ = kExemplarTimestampTag;
  at = WriteVarint(at, Bits(sample.timestamp_ms));
  out.append(tail.data(), at);
}

std::string_view RequestWriterV2::bytes() {
  symbols_.Append(series_.bytes());
  series_.Clear();
  return symbols_.bytes();
}

}  // namespace sluice::proto
