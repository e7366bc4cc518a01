#include "buffer/epochs.h"

#include <string>

#include <catch2/catch.hpp>

using namespace sluice;
using namespace sluice::buffer;

namespace {

Epoch EpochAt(Sequence start, uint64_t samples, uint64_t bytes) {
  Epoch epoch{.start = start, .totals = {}};
  epoch.totals.AddFrame(3, samples, bytes, static_cast<TimestampMs>(1000 * start));
  epoch.totals.other_bytes = 1;
  return epoch;
}

}  // namespace

TEST_CASE("the bytes of all epochs follow every change", "[epochs]") {
  Epochs epochs;
  CHECK(epochs.bytes() == 0);
  epochs.Push(EpochAt(10, 1, 100));
  CHECK(epochs.bytes() == 101);
  epochs.current().totals.AddFrame(4, 1, 50, 10'500);
  epochs.Push(EpochAt(20, 2, 200));
  epochs.PushOlder(EpochAt(5, 3, 1000));
  CHECK(epochs.bytes() == 101 + 50 + 201 + 1001);
  CHECK(epochs.bytes() == epochs.BytesFrom(0));
  CHECK(epochs.BytesFrom(15) == 101 + 50 + 201);
  CHECK(epochs.BytesFrom(20) == 201);
  CHECK(epochs.BytesOf({{.from = 15, .end = 20}}) == 101 + 50);
  CHECK(epochs.BytesOf({{.from = 7, .end = 10}, {.from = 6, .end = 20}}) == 1001 + 101 + 50);
  CHECK(epochs.BytesOf({{.from = 7, .end = 10}, {.from = 20, .end = 30}}) == 1001 + 201);
  CHECK(epochs.Remove([](const Epoch& epoch) { return epoch.start == 10; }) == 101 + 50);
  CHECK(epochs.bytes() == 1001 + 201);
  CHECK(epochs.StartAfter(5) == 20);
  // Never the current one.
  CHECK(epochs.Remove([](const Epoch&) { return true; }) == 1001);
  CHECK(epochs.bytes() == 201);
  CHECK(epochs.StartAfter(20) == 0);
}

TEST_CASE("a sequence is in the epoch that starts last before it", "[epochs]") {
  Epochs epochs;
  epochs.Push(EpochAt(10, 1, 1));
  epochs.Push(EpochAt(20, 1, 1));
  CHECK(epochs.StartOf(10) == 10);
  CHECK(epochs.StartOf(19) == 10);
  CHECK(epochs.StartOf(20) == 20);
  CHECK(epochs.StartOf(1000) == 20);
  CHECK(epochs.StartOf(3) == 10);
}

TEST_CASE("an epoch start survives, and is refused when cut short", "[epochs]") {
  std::string body;
  EncodeEpochStartBody(body, 100, {.previous_start = 40, .previous = EpochAt(40, 12, 345).totals});
  const Result<EpochStartBody> decoded = DecodeEpochStartBody(100, body);
  REQUIRE(decoded.ok());
  CHECK(decoded.value().previous_start == 40);
  CHECK(decoded.value().previous.lanes[3].samples == 12);
  CHECK(decoded.value().previous.lanes[3].frames == 1);
  CHECK(decoded.value().previous.bytes() == 346);
  CHECK(decoded.value().previous.first_ms == 40'000);
  CHECK(decoded.value().previous.last_ms == 40'000);
  for (size_t size = 0; size < body.size(); ++size) {
    CHECK_FALSE(DecodeEpochStartBody(100, std::string_view(body).substr(0, size)).ok());
  }
}

TEST_CASE("the times of a stretch are those of the epochs that hold it", "[epochs]") {
  Epochs epochs;
  CHECK_FALSE(epochs.TimesBetween(1, 100));
  epochs.Push(EpochAt(10, 1, 1));
  epochs.Push(Epoch{.start = 15, .totals = {}});
  epochs.Push(EpochAt(20, 1, 1));
  epochs.Push(EpochAt(30, 1, 1));
  CHECK(epochs.TimesBetween(12, 25)->first_ms == 10'000);
  CHECK(epochs.TimesBetween(12, 25)->last_ms == 20'000);
  CHECK(epochs.TimesBetween(21, 30)->first_ms == 20'000);
  CHECK(epochs.TimesBetween(21, 30)->last_ms == 20'000);
  CHECK_FALSE(epochs.TimesBetween(16, 20));
}
