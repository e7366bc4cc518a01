#include "buffer/inspect.h"

#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/frame.h"
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

TEST_CASE("inspecting tells of histograms, exemplars and what cannot be decoded", "[inspect]") {
  LogFixture fixture;
  Log& log = fixture.Open();
  REQUIRE(log.Attach("mimir").ok());
  const std::vector<double> values(10, 1.0);
  const std::vector<FrameHistogram> histograms = {{2, "abc"}, {5, "def"}};
  const std::vector<FrameExemplar> exemplars = {{2, 7, 1, {}}, {2, 8, 1, {}}, {3, 8, 1, {}}};
  FrameEncoder encoder;
  const std::string good(encoder.Encode({.timestamp_ms = 1'700'000'000'000,
                                         .values = values,
                                         .histograms = histograms,
                                         .exemplars = exemplars}));
  for (const std::string& stored : {good, good, std::string("nonsense")}) {
    TestFrame frame = MakeFrame("host", 1, 1'700'000'000'000, 0);
    frame.stored = stored;
    REQUIRE(log.Append(std::vector<FrameAppend>{frame.Append()}).ok());
  }
  std::ostringstream out;
  REQUIRE(Inspect(fixture.options.directory, {.verify = true}, out).ok());
  const std::string text = out.str();
  CAPTURE(text);
  for (const char* expected :
       {"native histograms among the samples: 4, exemplars: 6", "layout: 0", "decoded: 1"}) {
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
