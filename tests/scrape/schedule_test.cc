#include "scrape/schedule.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <random>

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::FakeClock;

constexpr milliseconds kInterval = seconds(15);
constexpr TimestampMs kWall = 1'700'000'000'123;

Grid GridAt(const FakeClock& clock, uint64_t phase = 77'000'000'000) {
  return Grid(phase, kInterval, clock.MonotonicNow(), clock.WallNowMs());
}

// Lets the time come, and starts the scrape so much late.
TimestampMs StartLate(Grid& grid, FakeClock& clock, milliseconds late) {
  clock.Advance(std::chrono::duration_cast<milliseconds>(grid.next() - clock.MonotonicNow()) +
                late);
  return grid.Start(clock.MonotonicNow(), clock.WallNowMs());
}

TEST_CASE("the first scrape is within one interval, at the same phase whenever one starts",
          "[schedule]") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t phase = random();
    const TimestampMs now = kWall + static_cast<TimestampMs>(random() % 100'000);
    CAPTURE(phase, now);
    const milliseconds delay = FirstDelay(phase, kInterval, now);
    CHECK(delay > milliseconds(0));
    CHECK(delay <= kInterval);
    const int64_t point = (now + delay.count()) % kInterval.count();
    CHECK(point == static_cast<int64_t>(phase % 15'000'000'000 / 250'000'000 * 250));
  }
}

TEST_CASE("targets are spread evenly over slots of the interval", "[schedule]") {
  constexpr int kTargets = 100'000;
  const milliseconds interval = GENERATE(milliseconds(50), seconds(1), seconds(15), seconds(60));
  CAPTURE(interval.count());
  std::mt19937_64 random(7);
  std::map<int64_t, int> points;
  for (int i = 0; i < kTargets; ++i) ++points[FirstDelay(random(), interval, 0).count()];
  const int64_t slots = interval.count() / std::clamp<int64_t>(interval.count() / 20, 1, 250);
  CHECK(points.size() == static_cast<size_t>(slots));
  for (const auto& [point, targets] : points) {
    CHECK(targets > kTargets / slots / 2);
    CHECK(targets < kTargets / slots * 2);
  }
}

TEST_CASE("phases differ by host and by external labels", "[schedule]") {
  CHECK(PhaseSeed("a", {}) != PhaseSeed("b", {}));
  CHECK(PhaseSeed("a", {}) != PhaseSeed("a", {{"x", "y"}}));
}

TEST_CASE("timestamps stay on the grid as long as scrapes are punctual", "[schedule]") {
  FakeClock clock(kWall);
  Grid grid = GridAt(clock);
  const TimestampMs first = StartLate(grid, clock, milliseconds(0));
  for (int i = 1; i <= 100; ++i) {
    CHECK(StartLate(grid, clock, milliseconds(i % 3)) == first + i * kInterval.count());
  }
}

TEST_CASE("a late scrape carries the time when it started, and the grid stays", "[schedule]") {
  FakeClock clock(kWall);
  Grid grid = GridAt(clock);
  const TimestampMs first = StartLate(grid, clock, milliseconds(0));
  CHECK(StartLate(grid, clock, milliseconds(3)) == first + kInterval.count() + 3);
  CHECK(StartLate(grid, clock, milliseconds(0)) == first + 2 * kInterval.count());
}

TEST_CASE("the tolerance of a short interval is a hundredth of it", "[schedule]") {
  FakeClock clock(kWall);
  Grid grid(0, milliseconds(100), clock.MonotonicNow(), clock.WallNowMs());
  const TimestampMs first = StartLate(grid, clock, milliseconds(0));
  CHECK(StartLate(grid, clock, milliseconds(1)) == first + 100);
  CHECK(StartLate(grid, clock, milliseconds(2)) == first + 202);
}

TEST_CASE("missed points are left out, not made up for", "[schedule]") {
  FakeClock clock(kWall);
  Grid grid = GridAt(clock);
  const TimestampMs first = StartLate(grid, clock, milliseconds(0));
  const MonotonicTime planned = grid.next();
  CHECK(StartLate(grid, clock, 3 * kInterval + milliseconds(1)) == first + 4 * kInterval.count());
  CHECK(grid.next() == planned + 4 * kInterval);
}

TEST_CASE("a scrape that is late by nearly an interval stands for the next point, too",
          "[schedule]") {
  FakeClock clock(kWall);
  Grid grid = GridAt(clock);
  const TimestampMs first = StartLate(grid, clock, milliseconds(0));
  const MonotonicTime planned = grid.next();
  const milliseconds late = 2 * kInterval - milliseconds(1);
  CHECK(StartLate(grid, clock, late) == first + (kInterval + late).count());
  CHECK(grid.next() == planned + 3 * kInterval);
  CHECK(StartLate(grid, clock, milliseconds(0)) == first + 4 * kInterval.count());
}

TEST_CASE("scrapes whose timestamps differ clearly are all made", "[schedule]") {
  FakeClock clock(kWall);
  Grid grid = GridAt(clock);
  StartLate(grid, clock, milliseconds(0));
  const MonotonicTime planned = grid.next();
  StartLate(grid, clock, kInterval - milliseconds(10));
  CHECK(grid.next() == planned + kInterval);
}

TEST_CASE("a step of the wall clock moves the timestamps and not the grid", "[schedule]") {
  for (const milliseconds step : {milliseconds(3'600'000), milliseconds(-3'600'000),
                                  milliseconds(7'001), milliseconds(-7'001)}) {
    CAPTURE(step.count());
    FakeClock clock(kWall);
    Grid grid = GridAt(clock);
    const TimestampMs first = StartLate(grid, clock, milliseconds(0));
    const MonotonicTime planned = grid.next();
    clock.StepWall(step);
    CHECK(grid.next() == planned);
    CHECK(StartLate(grid, clock, milliseconds(1)) == first + kInterval.count() + step.count());
    CHECK(grid.next() == planned + kInterval);
    CHECK(StartLate(grid, clock, milliseconds(0)) == first + 2 * kInterval.count() + step.count());
  }
}

TEST_CASE("a wall clock that is slewed does not make timestamps wander by the millisecond",
          "[schedule]") {
  FakeClock clock(kWall);
  Grid grid = GridAt(clock);
  const TimestampMs first = StartLate(grid, clock, milliseconds(0));
  clock.StepWall(milliseconds(1));
  CHECK(StartLate(grid, clock, milliseconds(0)) == first + kInterval.count());
  clock.StepWall(milliseconds(-2));
  CHECK(StartLate(grid, clock, milliseconds(0)) == first + 2 * kInterval.count());
}

}  // namespace
}  // namespace sluice::scrape
