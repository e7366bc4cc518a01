// Stable hashes: their values reach the disk and decide the phase of a target, so they never
// change.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace sluice {

uint64_t Fnv64a(std::string_view bytes);

// XXH64 with seed 0, the hash that Prometheus uses for label sets.
uint64_t XxHash64(std::string_view bytes);

// XXH3 with 64 bits: checksums of stored records.
uint64_t Xxh3(std::string_view bytes);

// 128 bits that name a piece of content; equal content has an equal id, on every machine.
struct ContentId {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const ContentId&, const ContentId&) = default;
};

// XXH3 with 128 bits.
ContentId ContentIdOf(std::string_view bytes);

}  // namespace sluice

template <>
struct std::hash<sluice::ContentId> {
  size_t operator()(const sluice::ContentId& id) const noexcept { return id.low ^ id.high; }
};
