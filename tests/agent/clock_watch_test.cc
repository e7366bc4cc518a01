#include "agent/clock_watch.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimestampMs kBuilt = 1'700'000'000'000;
constexpr TimestampMs kDayMs = 86'400'000;

bool Says(const std::optional<std::string>& message, const std::string& what) {
  return message && message->find(what) != std::string::npos;
}

TEST_CASE("a clock that shows a time before the program was built is told of, once", "[agent]") {
  ClockWatch watch(kBuilt);
  const MonotonicTime start{};
  CHECK(Says(watch.Look(0, start), "cannot be"));
  CHECK_FALSE(watch.Look(1'000, start + seconds(1)));
  // It is synchronised.
  CHECK(Says(watch.Look(kBuilt + kDayMs, start + seconds(2)), "set forward by 19676d22h"));
  CHECK_FALSE(watch.Look(kBuilt + kDayMs + 1'000, start + seconds(3)));
  CHECK(Says(watch.Look(1'000, start + seconds(4)), "cannot be"));
}

TEST_CASE("a clock far in the future cannot be right, one of another time zone can", "[agent]") {
  const MonotonicTime start{};
  CHECK(Says(ClockWatch(kBuilt).Look(kBuilt + 31 * 365 * kDayMs, start), "cannot be"));
  CHECK_FALSE(ClockWatch(kBuilt).Look(kBuilt - kDayMs / 2, start));
  CHECK_FALSE(ClockWatch(kBuilt).Look(kBuilt + 5 * 365 * kDayMs, start));
}

TEST_CASE("a clock that is set is told of with how far, one that is adjusted is not", "[agent]") {
  ClockWatch watch(kBuilt);
  MonotonicTime now{};
  TimestampMs wall = kBuilt + kDayMs;
  CHECK_FALSE(watch.Look(wall, now));
  CHECK_FALSE(watch.Look(wall += 9'000, now));
  CHECK_FALSE(watch.Look(wall -= 9'000, now));
  CHECK(Says(watch.Look(wall += 3'600'000, now), "set forward by 1h, or the machine slept"));
  CHECK_FALSE(watch.Look(wall += 250, now += milliseconds(250)));
  CHECK(Says(watch.Look(wall -= 60'000, now), "set back by 1m"));
  CHECK_FALSE(watch.Look(wall + 3'600'000, now + hours(1)));
}

TEST_CASE("the program knows when it was built", "[agent]") {
  CHECK(BuildTime() > 1'600'000'000'000);
  CHECK(BuildTime() < 32'500'000'000'000);
}

}  // namespace
}  // namespace sluice::agent
