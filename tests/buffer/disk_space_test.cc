#include "buffer/disk_space.h"

#include <cstdint>
#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

namespace {

// More than any disk has, so that every disk is full.
constexpr uint64_t kNoDiskHasThis = uint64_t{1} << 62;

}  // namespace

TEST_CASE("with plenty of room a ballast is kept", "[space]") {
  sluice::test::TempDir dir;
  const DiskSpace space(dir.path().string(), 10'000);
  CHECK(space.room() == Room::kPlenty);
  space.Tend();
  REQUIRE(std::filesystem::exists(dir.File("ballast")));
  CHECK(std::filesystem::file_size(dir.File("ballast")) == 10'000);
  space.BeforeOpen();
  space.Tend();
  CHECK(std::filesystem::exists(dir.File("ballast")));
}

TEST_CASE("on a full disk the ballast is given up, and not made", "[space]") {
  sluice::test::TempDir dir;
  const DiskSpace space(dir.path().string(), kNoDiskHasThis);
  CHECK(space.room() == Room::kNone);
  space.Tend();
  CHECK_FALSE(std::filesystem::exists(dir.File("ballast")));
  std::ofstream(dir.File("ballast")) << "x";
  space.BeforeOpen();
  CHECK_FALSE(std::filesystem::exists(dir.File("ballast")));
  std::ofstream(dir.File("ballast")) << "x";
  space.Tend();
  CHECK_FALSE(std::filesystem::exists(dir.File("ballast")));
}

TEST_CASE("with no room on disk nor in memory appends are refused, acknowledging goes on",
          "[space]") {
  LogFixture fixture;
  REQUIRE(fixture.Open().Attach("a").ok());
  const TestFrame frame = MakeFrame("host", 1, 1, 100);
  REQUIRE(fixture.log().Append(std::vector<FrameAppend>{frame.Append()}).ok());

  fixture.options.write_buffer_bytes = kNoDiskHasThis / 4;
  fixture.options.held_bytes_max = 0;
  Log& log = fixture.Open();
  const Status refused = log.Append(std::vector<FrameAppend>{frame.Append()});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().code == ErrorCode::kResourceExhausted);
  CHECK(log.Progress("a")->ledger.appended == 10);
  REQUIRE(log.Acknowledge("a", std::vector{Acknowledged(ReadAll(log).at(0))}, {}).ok());

  fixture.options.write_buffer_bytes = 0;
  Log& again = fixture.Open();
  CHECK(again.Progress("a")->ledger.acknowledged == 10);
  CHECK(again.Append(std::vector<FrameAppend>{frame.Append()}).ok());
}
