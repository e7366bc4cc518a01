#include "buffer/records.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/record.h"
#include "tests/support/temp_dir.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

Result<std::unique_ptr<Store>> OpenIn(const sluice::test::TempDir& dir, const char* name) {
  return Store::Open({.directory = dir.File(name), .write_buffer_bytes = 1 << 20},
                     std::make_shared<FloorHolder>(), Logger());
}

// Records that say who they are.
StoreBatch& Fill(StoreBatch& batch, const std::vector<Sequence>& sequences) {
  batch.Clear();
  for (const Sequence sequence : sequences) batch.Put(sequence, "r" + std::to_string(sequence));
  return batch;
}

struct Seen {
  std::vector<Sequence> sequences;
  Sequence next = 0;
};

Seen ReadFrom(const Records& records, Sequence from, Sequence end, uint32_t records_max = 100) {
  Seen seen;
  const Result<Sequence> next =
      records.Read(from, end, records_max,
                   {.record =
                        [&seen](Sequence sequence, std::string_view value) {
                          CHECK(value == "r" + std::to_string(sequence));
                          seen.sequences.push_back(sequence);
                          return sequence != 13;
                        },
                    .unreadable = [](Sequence, uint64_t) { FAIL(); }});
  REQUIRE(next.ok());
  seen.next = *next;
  return seen;
}

}  // namespace

TEST_CASE("stored and held records read as one", "[records]") {
  sluice::test::TempDir dir;
  Records records(std::move(*OpenIn(dir, "a")), {.open = nullptr, .held_bytes_max = 1 << 20});
  StoreBatch batch;
  REQUIRE(records.Write(Fill(batch, {1, 2, 5}), Store::Durability::kProcessCrash).ok());
  REQUIRE(records.Hold(Fill(batch, {7, 9})).ok());
  // As progress is written while frames are held.
  REQUIRE(records.Write(Fill(batch, {8}), Store::Durability::kProcessCrash).ok());
  CHECK(ReadFrom(records, 2, 100).sequences == std::vector<Sequence>{2, 5, 7, 9});
  CHECK(ReadFrom(records, 2, 100).next == 100);
  CHECK(ReadFrom(records, 1, 9).sequences == std::vector<Sequence>{1, 2, 5, 7});
  CHECK(ReadFrom(records, 1, 100, 4).next == 8);
  CHECK(*records.Get(9) == "r9");
  CHECK(records.Get(6).error().code == ErrorCode::kNotFound);

  REQUIRE(records.StoreHeld(1).ok());
  CHECK(records.holding());
  CHECK(ReadFrom(records, 2, 100).sequences.size() == 5);
  REQUIRE(records.StoreHeld(1).ok());
  CHECK_FALSE(records.holding());
  CHECK(ReadFrom(records, 1, 100).sequences == std::vector<Sequence>{1, 2, 5, 7, 8, 9});
}

TEST_CASE("a visitor that has enough stops the reading, wherever it is", "[records]") {
  sluice::test::TempDir dir;
  Records records(std::move(*OpenIn(dir, "a")), {.open = nullptr, .held_bytes_max = 1 << 20});
  StoreBatch batch;
  REQUIRE(records.Write(Fill(batch, {13, 14}), Store::Durability::kProcessCrash).ok());
  CHECK(ReadFrom(records, 1, 100).next == 14);
  REQUIRE(records.Hold(Fill(batch, {15})).ok());
  CHECK(ReadFrom(records, 14, 100).sequences == std::vector<Sequence>{14, 15});
}

TEST_CASE("what a store that is opened anew may have lost is held", "[records]") {
  sluice::test::TempDir dir;
  // Another directory is as good as a disk that lost everything.
  const auto open = [&dir] { return OpenIn(dir, "b"); };
  Records records(std::move(*OpenIn(dir, "a")), {.open = open, .held_bytes_max = 1 << 20});
  StoreBatch batch;
  REQUIRE(records.Write(Fill(batch, {1, 2, 3, 4}), Store::Durability::kProcessCrash).ok());
  Floor floor;
  floor.keep_from = floor.progress_from = 3;
  REQUIRE(records.Reopen(2, floor).ok());
  CHECK(ReadFrom(records, 1, 100).sequences == std::vector<Sequence>{3, 4});
  REQUIRE(records.StoreHeld(1000).ok());
  CHECK(ReadFrom(records, 1, 100).sequences == std::vector<Sequence>{3, 4});
}

TEST_CASE("without a store what is held can be read, and the rest later", "[records]") {
  sluice::test::TempDir dir;
  bool broken = true;
  const auto open = [&]() -> Result<std::unique_ptr<Store>> {
    if (broken) return Error{ErrorCode::kRetryable, "broken"};
    return OpenIn(dir, "a");
  };
  Records records(std::move(*OpenIn(dir, "a")), {.open = open, .held_bytes_max = 1 << 20});
  StoreBatch batch;
  REQUIRE(records.Write(Fill(batch, {1, 2}), Store::Durability::kProcessCrash).ok());
  REQUIRE(records.Hold(Fill(batch, {3})).ok());
  REQUIRE_FALSE(records.Reopen(3, Floor{}).ok());
  CHECK(ReadFrom(records, 3, 100).sequences == std::vector<Sequence>{3});
  CHECK(records.Get(1).error().code == ErrorCode::kRetryable);
  CHECK(records.Read(1, 4, 10, {}).error().code == ErrorCode::kRetryable);
  CHECK_FALSE(records.Sync().ok());
  broken = false;
  REQUIRE(records.Reopen(3, Floor{}).ok());
  CHECK(ReadFrom(records, 1, 100).sequences == std::vector<Sequence>{1, 2, 3});
}
