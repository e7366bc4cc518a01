#include "scrape/key_digest.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

TEST_CASE("a digest knows its key, and how large it is", "[key_digest]") {
  for (const size_t size : {22U, 127U, 128U, 5'000U, 16U << 20}) {
    const std::string key(size, 'k');
    const KeyDigest digest(key);
    CHECK(KeyDigest::IsDigest(digest.text()));
    CHECK(KeyDigest::KeySizeOf(digest.text()) == size);
    CHECK(KeyDigest::Matches(digest.text(), key));
    CHECK_FALSE(KeyDigest::Matches(digest.text(), key + "k"));
    std::string other = key;
    other.back() = 'l';
    CHECK_FALSE(KeyDigest::Matches(digest.text(), other));
    CHECK_FALSE(KeyDigest::Matches(key, key));
  }
}

TEST_CASE("a digest has no byte that means anything", "[key_digest]") {
  for (int i = 0; i < 1'000; ++i) {
    const KeyDigest digest("key " + std::to_string(i));
    const std::string_view text = digest.text();
    CHECK(text.front() == '\0');
    CHECK(std::all_of(text.begin() + 1, text.end(),
                      [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  }
}

}  // namespace
}  // namespace sluice::scrape
