#include "remotewrite/frame_template.h"

#include <array>
#include <bit>
#include <cstring>

#include "proto/snappy_block.h"
#include "proto/wire_writing.h"

namespace sluice::remotewrite {

namespace {

constexpr size_t kTimestampSize = 6;
constexpr size_t kValueSize = sizeof(uint64_t);
// The copy before a value, which may take two elements, and the value.
constexpr size_t kSlotSizeMax = 2 * proto::kSnappyCopySizeMax + 1 + kValueSize;
// What may be written or read in one go, whatever of it counts.
constexpr size_t kStep = 16;

char* WriteCopy(char* at, size_t offset, size_t length) {
  if (length > proto::kSnappyCopyMax) {
    at = proto::WriteSnappyCopy(at, offset, kValueSize);
    length -= kValueSize;
  }
  return proto::WriteSnappyCopy(at, offset, length);
}

// A literal without the lowest bytes, which were copied; nothing when these are all.
char* WriteValue(char* at, uint64_t bits, size_t copied) {
  *at = static_cast<char>((kValueSize - 1 - copied) << 2);
  const uint64_t rest = bits >> (4 * copied) >> (4 * copied);
  std::memcpy(at + 1, &rest, sizeof(rest));
  return copied == kValueSize ? at : at + 1 + kValueSize - copied;
}

}  // namespace

bool FrameTemplate::Takes(TimestampMs timestamp_ms) {
  return proto::VarintSize(static_cast<uint64_t>(timestamp_ms)) == kTimestampSize;
}

size_t FrameTemplate::size_max() const {
  return fixed_.size() + slots_.size() * kSlotSizeMax + kStep;
}

char* FrameTemplate::Write(std::span<const double> values, TimestampMs timestamp_ms,
                           const TargetText& target, char* at) const {
  std::array<char, proto::kVarintMax> time;
  proto::WriteVarint(time.data(), static_cast<uint64_t>(timestamp_ms));
  // All of it in variables of its own: what is written might else be part of any of them.
  const char* fixed = fixed_.data();
  const char* const target_bytes = target.bytes().data();
  const double* value = values.data();
  const double* const values_end = value + values.size();
  const Gap* gap = gaps_.data();
  const Gap* const gaps_end = gap + gaps_.size();
  const Slot* const first = slots_.data();
  const Slot* const end = first + slots_.size();
  for (const Slot* slot = first; slot != end; ++slot) {
    std::memcpy(at, fixed, kStep);
    if (slot->fixed > kStep) std::memcpy(at + kStep, fixed + kStep, slot->fixed - kStep);
    for (; gap != gaps_end && gap->slot == static_cast<size_t>(slot - first); ++gap) {
      const char* const source = gap->is_time ? time.data() : target_bytes;
      std::memcpy(at + gap->at, source + gap->from, gap->size);
    }
    at += slot->fixed;
    fixed += slot->fixed;
    if (value == values_end) break;
    const auto bits = std::bit_cast<uint64_t>(*value);
    size_t copied = 0;
    if (slot->like != 0) {
      const uint64_t difference = bits ^ std::bit_cast<uint64_t>(*(value - slot->like));
      copied = static_cast<size_t>(std::countr_zero(difference)) / 8;  // of 0, it is 64
      at = WriteCopy(at, slot->offset, slot->length + copied);
    }
    at = WriteValue(at, bits, copied);
    ++value;
  }
  return at;
}

size_t FrameTemplate::memory_bytes() const {
  return sizeof(*this) + sent_.capacity() * sizeof(uint32_t) + slots_.capacity() * sizeof(Slot) +
         gaps_.capacity() * sizeof(Gap) + fixed_.capacity();
}

}  // namespace sluice::remotewrite
