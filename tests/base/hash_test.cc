#include "base/hash.h"

#include <catch2/catch.hpp>

namespace sluice {
namespace {

// These values reach the disk: a change here loses the buffers and phases of everybody.
TEST_CASE("hashes have their published values", "[hash]") {
  CHECK(Fnv64a("") == 0xcbf29ce484222325);
  CHECK(Fnv64a("a") == 0xaf63dc4c8601ec8c);
  CHECK(Fnv64a("foobar") == 0x85944171f73967e8);
  CHECK(Fnv64a("\xff") == 0xaf64724c8602eb6e);  // bytes are unsigned
  CHECK(XxHash64("") == 0xef46db3751d8e999);
  CHECK(XxHash64("a") == 0xd24ec4f1a98c6e5b);
  CHECK(XxHash64("abc") == 0x44bc2cf5ad770999);
  CHECK(XxHash64("Nobody inspects the spammish repetition") == 0xfbcea83c8a378bf1);
  CHECK(Xxh3("") == 0x2d06800538d394c2);
  CHECK(Xxh3("abc") == 0x78af5f94892f3950);
  CHECK(ContentIdOf("") == ContentId{.high = 0x99aa06d3014798d8, .low = 0x6001c324468d497f});
  CHECK(ContentIdOf("abc") == ContentId{.high = 0x06b05ab6733a6185, .low = 0x78af5f94892f3950});
}

}  // namespace
}  // namespace sluice
