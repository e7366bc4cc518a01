#include "proto/snappy_block.h"

#include <algorithm>
#include <random>
#include <string>

#include <catch2/catch.hpp>
#include <snappy.h>

namespace sluice::proto {
namespace {

std::string RandomBytes(std::mt19937_64& rng, size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(rng());
  return bytes;
}

// Lengths around those at which an element takes another form, and a few that are long.
size_t RandomLength(std::mt19937_64& rng) {
  switch (rng() % 8) {
    case 0:
      return 58 + rng() % 12;
    case 1:
      return 250 + rng() % 10;
    case 2:
      return rng() % 20 == 0 ? 65'530 + rng() % 12 : 120 + rng() % 20;
    default:
      return 1 + rng() % 16;
  }
}

// Elements, beside what they should come to.
struct Twin {
  std::string elements;
  std::string raw;

  void Literal(const std::string& bytes) {
    AppendSnappyLiteral(elements, bytes);
    raw += bytes;
  }

  void Copy(size_t offset, size_t length) {
    AppendSnappyCopy(elements, offset, length);
    for (size_t i = 0; i < length; ++i) raw += raw[raw.size() - offset];
  }
};

Twin RandomElements(std::mt19937_64& rng) {
  Twin twin;
  for (uint64_t i = rng() % 200; i > 0; --i) {
    const size_t size = twin.raw.size();
    if (size == 0 || rng() % 3 == 0) {
      twin.Literal(RandomBytes(rng, RandomLength(rng)));
      continue;
    }
    const size_t near = rng() % 2 == 0 ? 2'050 : kSnappyReach;
    twin.Copy(1 + rng() % std::min(size, near), rng() % 30 == 0 ? 0 : RandomLength(rng));
  }
  return twin;
}

void Add(SnappyBlock& block, const Twin& twin) {
  char* const at = block.Reserve(twin.elements.size());
  block.EndAt(std::copy(twin.elements.begin(), twin.elements.end(), at), twin.raw.size());
}

// Only what every decoder takes: literals, and copies of what is there within 64 KiB.
bool IsPlain(std::string_view elements) {
  size_t at = 0;
  size_t position = 0;
  const auto byte = [&](size_t i) { return size_t{static_cast<unsigned char>(elements[i])}; };
  while (at < elements.size()) {
    const size_t tag = byte(at);
    size_t length = (tag >> 2) + 1;
    if ((tag & 3) == 3) return false;
    if ((tag & 3) == 0) {
      const size_t digits = length > 60 ? length - 60 : 0;
      if (digits > 0) length = 1;
      for (size_t i = 0; i < digits; ++i) length += byte(at + 1 + i) << (8 * i);
      at += 1 + digits + length;
      position += length;
      continue;
    }
    const bool is_near = (tag & 3) == 1;
    if (is_near) length = 4 + (tag >> 2 & 7);
    const size_t offset =
        is_near ? (tag >> 5) << 8 | byte(at + 1) : byte(at + 2) << 8 | byte(at + 1);
    if (offset == 0 || offset > position) return false;
    at += is_near ? 2 : 3;
    position += length;
  }
  return at == elements.size();
}

TEST_CASE("Google's decoder gives back what a block was made of", "[snappy][random]") {
  const auto seed = GENERATE(take(200, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  SnappyBlock block;
  for (int round = 0; round < 2; ++round) {  // also with memory that is not new
    block.Clear();
    std::string raw;
    for (uint64_t i = rng() % 6; i > 0; --i) {
      if (rng() % 2 == 0) {
        const Twin twin = RandomElements(rng);
        CHECK(IsPlain(twin.elements));
        Add(block, twin);
        raw += twin.raw;
      } else {
        std::string part = RandomBytes(rng, RandomLength(rng));
        for (uint64_t k = rng() % 12; k > 0 && part.size() < 1'000'000; --k) part += part;
        block.Compress(part);
        raw += part;
      }
    }
    const std::string_view body = block.Finish();
    std::string back;
    REQUIRE(snappy::Uncompress(body.data(), body.size(), &back));
    CHECK((back == raw));
  }
}

TEST_CASE("a block of one part that is compressed is what the library makes of it", "[snappy]") {
  std::string raw;
  for (int i = 0; i < 50'000; ++i) raw += std::to_string(i % 1'000);
  SnappyBlock block;
  block.Clear();
  block.Compress(raw);
  std::string expected;
  snappy::Compress(raw.data(), raw.size(), &expected);
  CHECK((block.Finish() == expected));
}

}  // namespace
}  // namespace sluice::proto
