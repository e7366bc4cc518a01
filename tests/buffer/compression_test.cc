#include "buffer/compression.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>

using namespace sluice;
using namespace sluice::buffer;

namespace {

constexpr char kPlain = 0;
constexpr char kZstd = 1;
constexpr char kSnappy = 2;

std::string Pack(Effort effort, const std::string& raw) {
  Compressor compressor(effort);
  std::string packed;
  compressor.AppendPacked(raw, packed);
  return packed;
}

std::string Repetitive(size_t size) {
  std::string raw;
  for (size_t i = 0; raw.size() < size; ++i) raw += std::to_string(i / 10) + "; ";
  raw.resize(size);
  return raw;
}

std::string Random(size_t size) {
  std::mt19937 random(7);
  std::string raw;
  for (size_t i = 0; i < size; ++i) raw += static_cast<char>(random());
  return raw;
}

}  // namespace

TEST_CASE("what was packed is unpacked again", "[compression]") {
  const Effort effort = GENERATE(Effort::kLeast, Effort::kLittle, Effort::kUsual);
  for (const size_t size : {0U, 1U, 23U, 24U, 1'000U, 300'000U}) {
    for (const std::string& raw : {Repetitive(size), Random(size)}) {
      Decompressor decompressor;
      std::string out = "from before";
      REQUIRE(decompressor.Unpack(Pack(effort, raw), size, out));
      CHECK(out == raw);
    }
  }
}

TEST_CASE("what is packed is appended", "[compression]") {
  Compressor compressor(Effort::kLeast);
  std::string out = "head";
  compressor.AppendPacked(Repetitive(500), out);
  Decompressor decompressor;
  std::string raw;
  REQUIRE(out.starts_with("head"));
  REQUIRE(decompressor.Unpack(out.substr(4), 500, raw));
  CHECK(raw == Repetitive(500));
}

TEST_CASE("the least effort is snappy, more is zstd, and none makes more bytes", "[compression]") {
  CHECK(Pack(Effort::kLeast, Repetitive(1'000)).front() == kSnappy);
  CHECK(Pack(Effort::kLittle, Repetitive(1'000)).front() == kZstd);
  CHECK(Pack(Effort::kUsual, Repetitive(1'000)).front() == kZstd);
  CHECK(Pack(Effort::kUsual, Repetitive(1'000)).size() < 500);
  for (const Effort effort : {Effort::kLeast, Effort::kLittle, Effort::kUsual}) {
    CHECK(Pack(effort, Random(1'000)) == std::string(1, kPlain) + Random(1'000));
  }
}

TEST_CASE("more than was allowed is not unpacked", "[compression]") {
  const Effort effort = GENERATE(Effort::kLeast, Effort::kLittle, Effort::kUsual);
  for (const std::string& raw : {Repetitive(1'000), Random(1'000)}) {
    Decompressor decompressor;
    std::string out;
    CHECK_FALSE(decompressor.Unpack(Pack(effort, raw), 999, out));
  }
}

TEST_CASE("malformed bytes are not unpacked", "[compression]") {
  Decompressor decompressor;
  std::string out;
  CHECK_FALSE(decompressor.Unpack("", 1'000, out));
  CHECK_FALSE(decompressor.Unpack("\x03", 1'000, out));
  for (const Effort effort : {Effort::kLeast, Effort::kLittle, Effort::kUsual}) {
    const std::string packed = Pack(effort, Repetitive(1'000));
    for (size_t size = 1; size < packed.size(); ++size) {
      CHECK_FALSE(decompressor.Unpack(packed.substr(0, size), 1'000, out));
    }
  }
}

TEST_CASE("a length that the bytes cannot stand for costs no memory", "[compression]") {
  // 1 GiB, of four bytes.
  const std::string lie("\x02\x80\x80\x80\x80\x04\x00\x61", 8);
  Decompressor decompressor;
  std::string out;
  CHECK_FALSE(decompressor.Unpack(lie, size_t{1} << 31, out));
  CHECK(out.capacity() < 1'000);
}

TEST_CASE("what snappy packs best is within what a length may be", "[compression]") {
  const std::string raw(1 << 20, 'a');
  const std::string packed = Pack(Effort::kLeast, raw);
  REQUIRE(packed.front() == kSnappy);
  Decompressor decompressor;
  std::string out;
  REQUIRE(decompressor.Unpack(packed, raw.size(), out));
  CHECK(out == raw);
}
