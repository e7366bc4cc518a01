#include "scrape/series_index.h"

#include <cstdint>
#include <random>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

TEST_CASE("a series is found among old and added ones, from the first search to the last",
          "[series_index]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto old_count = static_cast<uint32_t>(random() % 300);
  SeriesList old;
  for (uint32_t i = 0; i < old_count; ++i) old.hashes.push_back(random());
  AddedSeries added;
  SeriesIndex index(old);
  for (int search = 0; search < 500; ++search) {
    if (random() % 3 == 0) {
      const uint64_t hash = random();
      CHECK(index.Find(added, hash) == SeriesIndex::kNone);
      added.Add("text", hash, kNoFamily);
    }
    const uint32_t count = old_count + added.size();
    if (count == 0) continue;
    const auto wanted = static_cast<uint32_t>(random() % count);
    const uint64_t hash = wanted < old_count ? old.hashes[wanted] : added.hash(wanted - old_count);
    REQUIRE(index.Find(added, hash) == wanted);
    // The hash of another series that shares half of its bits.
    REQUIRE(index.Find(added, hash ^ (1ULL << (random() % 64))) == SeriesIndex::kNone);
  }
}

}  // namespace
}  // namespace sluice::scrape
