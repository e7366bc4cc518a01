#include "agent/replay_report.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

using remotewrite::DestinationStatus;
using std::chrono::seconds;

DestinationStatus At(const std::string& name, uint64_t appended, uint64_t pending,
                     bool replaying = false) {
  DestinationStatus status;
  status.name = name;
  status.replaying = replaying;
  status.progress.ledger.appended = appended;
  status.progress.ledger.acknowledged = appended - pending;
  status.progress.ledger.pending = pending;
  return status;
}

TEST_CASE("a replay is told of with what is left, the pace and an estimate, until it is over") {
  const MonotonicTime start{};
  ReplayReport report({At("a", 1'000, 600), At("b", 1'000, 0)}, start);
  CHECK_FALSE(report.IsDue(start + seconds(9)));
  CHECK(report.IsDue(start + seconds(10)));
  // 100 fresh samples have come, 300 of the 600 are left.
  auto news = report.Look({At("a", 1'100, 400), At("b", 1'100, 50)}, start + seconds(10));
  REQUIRE(news.size() == 1);
  CHECK(news[0].destination == "a");
  CHECK(news[0].samples_left == 300);
  CHECK(news[0].samples_per_second == 30);
  CHECK(news[0].time_left == seconds(10));
  CHECK_FALSE(report.IsDue(start + seconds(19)));
  news = report.Look({At("a", 1'200, 150)}, start + seconds(20));
  REQUIRE(news.size() == 1);
  CHECK(news[0].samples_left == 0);
  CHECK(report.is_over());
}

TEST_CASE("a replay that gets nowhere is no news, and fresh samples that pass it are no progress") {
  const MonotonicTime start{};
  ReplayReport report({At("a", 1'000, 600)}, start);
  CHECK(report.Look({At("a", 1'500, 1'100)}, start + seconds(10)).empty());
  CHECK(report.Look({At("a", 2'000, 600, /*replaying=*/true)}, start + seconds(20)).empty());
  const auto news = report.Look({At("a", 2'500, 500, true)}, start + seconds(30));
  REQUIRE(news.size() == 1);
  CHECK(news[0].samples_left == 500);
  CHECK_FALSE(report.is_over());
  // One that is not there any more has nothing left to tell.
  CHECK(report.Look({}, start + seconds(40)).empty());
  CHECK(report.is_over());
}

}  // namespace
}  // namespace sluice::agent
