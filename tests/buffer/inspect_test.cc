#include "buffer/inspect.h"

#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "tests/buffer/log_support.h"

using namespace sluice;
using namespace sluice::buffer;
using namespace sluice::buffer::test;

TEST_CASE("inspecting tells what a buffer in use holds", "[inspect]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("mimir").ok());
  REQUIRE(log.Attach("old").ok());
  REQUIRE(log.Detach("old").ok());
  for (int i = 0; i < 3; ++i) {
    const TestFrame frame = MakeFrame("host", 1, 1'700'000'000'000 + i, 50);
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  REQUIRE(log.Acknowledge("mimir", std::vector{Acknowledged(ReadAll(log).at(0))}, {}).ok());

  std::ostringstream out;
  REQUIRE(Inspect(fixture.options.directory, {.verify = true}, out).ok());
  const std::string text = out.str();
  CAPTURE(text);
  for (const char* expected :
       {"destination mimir\n", "destination old (not configured when last seen)\n",
        "oldest pending frame  2023-11-14T22:13:20Z", "frames on disk: 3 with 30 samples",
        "frames without readable labels or layout: 0", "damaged records       0 found"}) {
    CHECK(text.find(expected) != std::string::npos);
  }
}

TEST_CASE("inspecting what is not a buffer is an error that names it", "[inspect]") {
  std::ostringstream out;
  const Status status = Inspect("/nonexistent/buffer", {}, out);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.find("/nonexistent/buffer") != std::string::npos);
  CHECK(out.str().empty());
}
