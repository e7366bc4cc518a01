#include "base/duration.h"

#include <chrono>
#include <string>

#include <catch2/catch.hpp>

namespace sluice {
namespace {

using std::chrono::milliseconds;

constexpr int64_t kSecond = 1000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;

TEST_CASE("durations are read and printed as Prometheus does", "[duration]") {
  const auto expect = [](const std::string& text, int64_t ms, const std::string& printed) {
    CAPTURE(text);
    const auto duration = ParseDuration(text);
    REQUIRE(duration.ok());
    CHECK(duration->count() == ms);
    CHECK(FormatDuration(*duration) == printed);
    CHECK(*ParseDuration(printed) == *duration);
  };
  expect("0", 0, "0s");
  expect("0w", 0, "0s");
  expect("0s", 0, "0s");
  expect("324ms", 324, "324ms");
  expect("3s", 3 * kSecond, "3s");
  expect("5m", 5 * kMinute, "5m");
  expect("90m", 90 * kMinute, "1h30m");
  expect("1h", kHour, "1h");
  expect("4d", 4 * kDay, "4d");
  expect("4d1h", 4 * kDay + kHour, "4d1h");
  expect("7d", 7 * kDay, "1w");
  expect("14d", 14 * kDay, "2w");
  expect("3w", 21 * kDay, "3w");
  expect("3w2d1h", 23 * kDay + kHour, "23d1h");  // weeks only when exact
  expect("10y", 3650 * kDay, "10y");
  expect("365d", 365 * kDay, "1y");
  expect("1y1w1d1h1m1s1ms", 373 * kDay + kHour + kMinute + kSecond + 1, "373d1h1m1s1ms");
  expect("1m1ms", kMinute + 1, "1m1ms");
  expect("292y", 292 * 365 * kDay, "292y");
}

TEST_CASE("what is no duration is refused in the words of Prometheus", "[duration]") {
  const auto expect = [](const std::string& text, const std::string& message) {
    CAPTURE(text);
    const auto duration = ParseDuration(text);
    REQUIRE_FALSE(duration.ok());
    CHECK(duration.error().code == ErrorCode::kInvalidInput);
    CHECK(duration.error().message == message);
  };
  expect("", "empty duration string");
  for (const std::string text : {"1", "1y1m1d", "1s1s", "-1w", "+1s", "1.5d", "d", " 1s", "1s ",
                                 "1 s", "1S", "1us", "0x1s", "1h30", "1ms1s"}) {
    expect(text, "not a valid duration string: \"" + text + "\"");
  }
  for (const std::string text : {"294y", "200y10400w", "107675d", "2584200h",
                                 "99999999999999999999s", "9223372036854775807ms"}) {
    expect(text, "duration out of range");
  }
}

TEST_CASE("sizes are powers of 1024 with a mandatory unit", "[duration]") {
  const auto expect = [](const std::string& text, uint64_t want) {
    CAPTURE(text);
    const auto size = ParseSize(text);
    REQUIRE(size.ok());
    CHECK(*size == want);
  };
  expect("0", 0);
  expect("100B", 100);
  expect("1KB", 1024);
  expect("1KiB", 1024);
  expect("15MB", 15 << 20);
  expect("2GiB", uint64_t{2} << 30);
  expect("1TB", uint64_t{1} << 40);
  expect("1PB", uint64_t{1} << 50);
  expect("1EB", uint64_t{1} << 60);
  expect("1.5MB", 3 << 19);
  expect("1GB512MB", 3 << 29);
}

TEST_CASE("what is no size is refused", "[duration]") {
  for (const std::string text :
       {"", "MB", "1kB", "1mb", "1K", "1.2.3MB", "1 MB", "1MB ", "16EB", "1e3B", "nanB", "-1MB"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseSize(text).ok());
  }
  CHECK(ParseSize("100").error().message == "units: unknown unit  in 100");
  CHECK(ParseSize("1kB").error().message == "units: unknown unit kB in 1kB");
}

}  // namespace
}  // namespace sluice
