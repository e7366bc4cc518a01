#include "agent/progress_line.h"

#include <sstream>

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

TEST_CASE("progress is shown on a terminal, each percent once, and taken away in the end",
          "[agent]") {
  std::ostringstream out;
  {
    ProgressLine line("reading", /*is_terminal=*/true, out);
    line.Show(0, 0);
    CHECK(out.str().empty());
    for (uint64_t done = 0; done <= 1'000; ++done) line.Show(done, 500);
    CHECK(out.str().find("\r\x1b[Kreading: 0 %\r\x1b[Kreading: 1 %") == 0);
    CHECK(out.str().size() < 101 * 20);
    CHECK(out.str().find("reading: 100 %") == out.str().size() - 14);
  }
  CHECK(out.str().find("\r\x1b[K", out.str().size() - 4) != std::string::npos);
}

TEST_CASE("progress is not written into files", "[agent]") {
  std::ostringstream out;
  { ProgressLine("reading", /*is_terminal=*/false, out).Show(1, 2); }
  CHECK(out.str().empty());
}

}  // namespace
}  // namespace sluice::agent
