#include "base/gzip.h"

#include <array>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace sluice {
namespace {

using Outcome = GunzipStream::Outcome;

// Feeds the input in pieces of at most `step` bytes.
Outcome Gunzip(GunzipStream& stream, std::string_view input, size_t step, std::string& out) {
  while (!input.empty()) {
    const Outcome outcome = stream.Write(input.substr(0, step), [&](std::string_view piece) {
      out += piece;
      return true;
    });
    if (outcome != Outcome::kMore) return outcome;
    input.remove_prefix(std::min(step, input.size()));
  }
  return Outcome::kMore;
}

TEST_CASE("gzip comes back whole, however it is cut", "[gzip]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::array<char, 100> scratch{};
  for (int round = 0; round < 200; ++round) {
    std::string text(random() % 5000, '\0');
    for (char& c : text) c = static_cast<char>('a' + random() % (1 + random() % 26));
    const size_t cut = random() % (text.size() + 1);
    // Two members make one stream.
    const std::string bytes = Gzip(text.substr(0, cut)) + Gzip(text.substr(cut));
    GunzipStream stream(scratch);
    std::string out;
    REQUIRE(Gunzip(stream, bytes, 1 + random() % 50, out) == Outcome::kMore);
    REQUIRE(out == text);
    REQUIRE(stream.complete());
  }
}

TEST_CASE("a gzip stream is complete only at the end of a member", "[gzip]") {
  std::array<char, 1000> scratch{};
  const std::string bytes = Gzip("hello, hello, hello");
  CHECK(GunzipStream(scratch).complete());
  for (size_t size = 1; size < bytes.size(); ++size) {
    GunzipStream stream(scratch);
    std::string out;
    CHECK(Gunzip(stream, bytes.substr(0, size), 7, out) == Outcome::kMore);
    CHECK_FALSE(stream.complete());
  }
}

TEST_CASE("damage to a gzip stream is noticed, or without effect", "[gzip]") {
  std::array<char, 1000> scratch{};
  const std::string text = std::string(5000, 'x') + "and more";
  const std::string bytes = Gzip(text);
  for (size_t at = 0; at < bytes.size(); ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    GunzipStream stream(scratch);
    std::string out;
    const Outcome outcome = Gunzip(stream, damaged, 1000, out);
    CAPTURE(at);
    CHECK((outcome == Outcome::kCorrupt || !stream.complete() || out == text));
  }
}

TEST_CASE("a stream that is corrupt stays so, and a sink may stop it", "[gzip]") {
  std::array<char, 10> scratch{};
  GunzipStream corrupt(scratch);
  std::string out;
  CHECK(Gunzip(corrupt, "not gzip", 100, out) == Outcome::kCorrupt);
  CHECK(Gunzip(corrupt, Gzip("gzip"), 100, out) == Outcome::kCorrupt);
  GunzipStream stopped(scratch);
  int pieces = 0;
  CHECK(stopped.Write(Gzip(std::string(1000, 'x')), [&](std::string_view piece) {
    CHECK(piece.size() <= scratch.size());
    return ++pieces < 3;
  }) == Outcome::kStopped);
  CHECK(pieces == 3);
}

TEST_CASE("what is whole comes out at once, or not at all", "[gzip]") {
  WholeGunzip gunzip;
  const std::string text = std::string(5000, 'x') + "and more";
  const std::string bytes = Gzip(text);
  CHECK(gunzip.Decompress(bytes) == text);
  CHECK(gunzip.Decompress(Gzip("")) == "");
  for (size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(gunzip.Decompress(bytes.substr(0, size)).has_value());
  }
  CHECK_FALSE(gunzip.Decompress(bytes + bytes).has_value());
  CHECK_FALSE(gunzip.Decompress(bytes + "x").has_value());
  std::string damaged = bytes;
  damaged[bytes.size() / 2] ^= 1;
  CHECK_FALSE(gunzip.Decompress(damaged).has_value());
  CHECK_FALSE(gunzip.Decompress(Gzip(std::string(WholeGunzip::kOutputMax + 1, 'x'))).has_value());
  CHECK(gunzip.Decompress(bytes) == text);
}

}  // namespace
}  // namespace sluice
