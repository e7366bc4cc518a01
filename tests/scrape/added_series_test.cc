#include "scrape/added_series.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "scrape/series.h"

namespace sluice::scrape {
namespace {

std::string Encoded(uint32_t i) {
  const std::string number = std::to_string(i);
  const std::string filling(100 + i % 100, 'x');
  SeriesContent content;
  content.set = {{"__name__", "a"}, {"i", number}, {"x", filling}};
  std::string encoded;
  EncodeSeries(content, encoded);
  return encoded;
}

TEST_CASE("added series are read as they were added, in any order and be they many",
          "[added_series]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (const uint32_t count : {0U, 1U, 300U, 60'000U + seed % 300}) {
    AddedSeries added;
    std::vector<uint32_t> order;
    for (uint32_t i = 0; i < count; ++i) {
      added.Add(Encoded(i), i * 7919U, i % 5);
      order.push_back(i);
    }
    REQUIRE(added.size() == count);
    AddedSeries::Reader reader(added);
    const auto is_as_added = [&](uint32_t i) {
      return reader.Read(i) == Encoded(i) && added.hash(i) == i * 7919U && added.family(i) == i % 5;
    };
    CHECK(std::all_of(order.begin(), order.end(), is_as_added));
    std::shuffle(order.begin(), order.end(), random);
    order.resize(std::min<size_t>(order.size(), 2'000));
    CHECK(std::all_of(order.begin(), order.end(), is_as_added));
  }
}

}  // namespace
}  // namespace sluice::scrape
