#include "buffer/held_records.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/record.h"

using namespace sluice;
using namespace sluice::buffer;

namespace {

void Fill(StoreBatch& batch, Sequence first, int count, size_t bytes) {
  batch.Clear();
  for (int i = 0; i < count; ++i)
    batch.Put(first + static_cast<Sequence>(i), std::string(bytes, 'x'));
}

std::vector<Sequence> All(const HeldRecords& held) {
  std::vector<Sequence> all;
  for (auto found = held.FindFrom(0); found; found = held.FindFrom(found->sequence + 1)) {
    all.push_back(found->sequence);
  }
  return all;
}

}  // namespace

TEST_CASE("a batch is held whole or not at all", "[held]") {
  HeldRecords held(3 * (HeldRecords::kRecordBytes + 10));
  StoreBatch batch;
  Fill(batch, 5, 2, 10);
  CHECK(held.Add(batch));
  Fill(batch, 7, 2, 10);
  CHECK_FALSE(held.Add(batch));
  CHECK(All(held) == std::vector<Sequence>{5, 6});
  Fill(batch, 7, 1, 10);
  CHECK(held.Add(batch));
  CHECK(held.bytes() == 3 * (HeldRecords::kRecordBytes + 10));
}

TEST_CASE("held records are found by sequence, and the next one from a sequence on", "[held]") {
  HeldRecords held(1 << 20);
  held.Put(5, "five");
  held.Put(9, "nine");
  held.Put(9, "another");
  CHECK(*held.Find(9) == "nine");
  CHECK(held.Find(6) == nullptr);
  CHECK(held.FindFrom(6)->sequence == 9);
  CHECK_FALSE(held.FindFrom(10).has_value());
  CHECK(held.first() == 5);
}

TEST_CASE("the oldest are copied in pieces and let go", "[held]") {
  HeldRecords held(1 << 20);
  StoreBatch batch;
  Fill(batch, 1, 10, 100);
  REQUIRE(held.Add(batch));
  batch.Clear();
  CHECK(held.CopyOldest(batch, 350) == 3);
  held.RemoveThrough(3);
  batch.Clear();
  CHECK(held.CopyOldest(batch, 1) == 4);
  CHECK(All(held).size() == 7);
  held.RemoveThrough(10);
  CHECK(held.empty());
  CHECK(held.bytes() == 0);
}

TEST_CASE("what is below the floor is let go", "[held]") {
  HeldRecords held(1 << 20);
  std::string record;
  for (Sequence sequence = 1; sequence <= 4; ++sequence) {
    StartRecord(record, RecordType::kProgress, 0);
    SealRecord(record, sequence);
    held.Put(sequence, record);
  }
  Floor floor;
  floor.progress_from = 3;
  held.RemoveBelow(floor);
  CHECK(All(held) == std::vector<Sequence>{3, 4});
}
