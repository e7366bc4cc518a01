#include "scrape/discovery/grace/write_schedule.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime kStart{hours(1)};

TEST_CASE("a change is written at once, and the next one after a while", "[grace]") {
  WriteSchedule schedule;
  schedule.Keep({{"a", hours(24)}});
  CHECK_FALSE(schedule.Take(kStart));
  schedule.NoteChange("a");
  CHECK(schedule.Take(kStart) == "a");
  CHECK_FALSE(schedule.Take(kStart));
  schedule.NoteWritten("a", kStart, 100, true);
  schedule.NoteChange("a");
  CHECK_FALSE(schedule.Take(kStart + milliseconds(4'999)));
  CHECK(schedule.Take(kStart + seconds(5)) == "a");
}

TEST_CASE("large sets are written less often", "[grace]") {
  WriteSchedule schedule;
  schedule.Keep({{"a", hours(24)}});
  schedule.NoteChange("a");
  schedule.Take(kStart);
  schedule.NoteWritten("a", kStart, 2 << 20, true);
  schedule.NoteChange("a");
  CHECK_FALSE(schedule.Take(kStart + milliseconds(15'999)));
  CHECK(schedule.Take(kStart + seconds(16)) == "a");
}

TEST_CASE("a change during a write is written, too", "[grace]") {
  WriteSchedule schedule;
  schedule.Keep({{"a", hours(24)}});
  schedule.NoteChange("a");
  schedule.Take(kStart);
  schedule.NoteChange("a");
  schedule.NoteWritten("a", kStart, 1, true);
  CHECK(schedule.Take(kStart + seconds(5)) == "a");
}

TEST_CASE("what was written is written again before its age would matter", "[grace]") {
  WriteSchedule schedule;
  schedule.Keep({{"a", hours(24)}, {"silent", hours(24)}});
  schedule.NoteChange("a");
  schedule.Take(kStart);
  schedule.NoteWritten("a", kStart, 1, true);
  CHECK_FALSE(schedule.Take(kStart + hours(1) - milliseconds(1)));
  CHECK(schedule.Take(kStart + hours(1)) == "a");
}

TEST_CASE("a failed write is tried again, and not at once", "[grace]") {
  WriteSchedule schedule;
  schedule.Keep({{"a", hours(24)}});
  schedule.NoteChange("a");
  schedule.Take(kStart);
  schedule.NoteWritten("a", kStart, 0, false);
  CHECK_FALSE(schedule.Take(kStart + seconds(4)));
  CHECK(schedule.Take(kStart + seconds(5)) == "a");
}

TEST_CASE("what is not kept any more is not written", "[grace]") {
  WriteSchedule schedule;
  schedule.Keep({{"a", hours(24)}, {"b", hours(24)}});
  schedule.NoteChange("a");
  schedule.NoteChange("b");
  CHECK(schedule.Keep({{"b", hours(1)}}) == std::vector<std::string>{"a"});
  schedule.NoteChange("a");
  CHECK(schedule.TakeAll() == std::vector<std::string>{"b"});
  CHECK(schedule.TakeAll().empty());
}

}  // namespace
}  // namespace sluice::scrape
