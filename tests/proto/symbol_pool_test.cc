#include "proto/symbol_pool.h"

#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace sluice::proto {
namespace {

TEST_CASE("a text has one symbol for as long as it is in use", "[proto][random]") {
  const auto seed = GENERATE(take(20, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  SymbolPool pool;
  std::map<std::string, std::pair<Symbol, int>> in_use;
  for (int step = 0; step < 3'000; ++step) {
    const std::string text = "text " + std::to_string(rng() % 100) + std::string(rng() % 2, 'x');
    const auto found = in_use.find(text);
    if (rng() % 2 == 0) {
      const Symbol symbol = pool.Acquire(text);
      CHECK(symbol != kNoSymbol);
      if (found != in_use.end()) CHECK(found->second.first == symbol);
      auto& entry = in_use[text];
      entry = {symbol, entry.second + 1};
    } else if (found != in_use.end()) {
      pool.Release(found->second.first);
      if (--found->second.second == 0) in_use.erase(found);
    }
    for (const auto& [used, entry] : in_use) REQUIRE(pool.TextOf(entry.first) == used);
  }
  CHECK(pool.limit() <= 201);  // numbers are used again
  for (const auto& [used, entry] : in_use) {
    for (int i = 0; i < entry.second; ++i) pool.Release(entry.first);
  }
  CHECK(pool.memory_bytes() == 0);
}

TEST_CASE("the empty text is symbol 0, and costs nothing", "[proto]") {
  SymbolPool pool;
  CHECK(pool.Acquire("") == kNoSymbol);
  pool.Release(kNoSymbol);
  CHECK(pool.TextOf(kNoSymbol).empty());
  CHECK(pool.memory_bytes() == 0);
}

TEST_CASE("a lease ends its uses, and only once", "[proto]") {
  const auto pool = std::make_shared<SymbolPool>();
  const Symbol kept = pool->Acquire("a");
  {
    SymbolLease lease(pool);
    CHECK(lease.Acquire("a") == kept);
    CHECK(lease.Acquire("a") == kept);
    const Symbol other = lease.Acquire("b");
    lease.Compact();
    const SymbolLease moved = std::move(lease);
    CHECK(pool->TextOf(other) == "b");
  }
  CHECK(pool->TextOf(kept) == "a");
  pool->Release(kept);
  CHECK(pool->memory_bytes() == 0);
}

}  // namespace
}  // namespace sluice::proto
