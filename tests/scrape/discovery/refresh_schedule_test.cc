#include "scrape/discovery/refresh_schedule.h"

#include <set>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

bool IsBetween(milliseconds delay, int64_t least, int64_t most) {
  return delay >= milliseconds(least) && delay <= milliseconds(most);
}

TEST_CASE("good rounds begin an interval apart, or a little less", "[discovery]") {
  RefreshSchedule schedule(milliseconds(60'000), 7);
  std::set<milliseconds> drawn;
  for (int i = 0; i < 200; ++i) {
    drawn.insert(schedule.AfterSuccess());
    REQUIRE(IsBetween(*drawn.begin(), 54'000, 60'000));
    REQUIRE(IsBetween(*drawn.rbegin(), 54'000, 60'000));
  }
  CHECK(drawn.size() > 100);
}

TEST_CASE("after failures the pause doubles up to the interval, until a round goes well",
          "[discovery]") {
  RefreshSchedule schedule(milliseconds(5000), 7);
  CHECK(IsBetween(schedule.AfterFailure(), 500, 1000));
  CHECK(IsBetween(schedule.AfterFailure(), 1000, 2000));
  CHECK(IsBetween(schedule.AfterFailure(), 2000, 4000));
  for (int i = 0; i < 100; ++i) CHECK(IsBetween(schedule.AfterFailure(), 2500, 5000));
  schedule.AfterSuccess();
  CHECK(IsBetween(schedule.AfterFailure(), 500, 1000));
}

TEST_CASE("a short interval bounds every pause", "[discovery]") {
  RefreshSchedule schedule(milliseconds(1), 7);
  for (int i = 0; i < 10; ++i) {
    CHECK(IsBetween(schedule.AfterFailure(), 1, 1));
    CHECK(IsBetween(schedule.AfterSuccess(), 1, 1));
  }
}

TEST_CASE("agents with different seeds spread, equal ones agree", "[discovery]") {
  RefreshSchedule a(milliseconds(60'000), 1);
  RefreshSchedule b(milliseconds(60'000), 2);
  RefreshSchedule c(milliseconds(60'000), 1);
  const milliseconds first = a.AfterSuccess();
  CHECK(first != b.AfterSuccess());
  CHECK(first == c.AfterSuccess());
}

}  // namespace
}  // namespace sluice::scrape
