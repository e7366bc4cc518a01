#include "scrape/parse_command.h"

#include <sstream>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

TEST_CASE("parse prints what a scrape would make of a text", "[parse]") {
  std::ostringstream out;
  REQUIRE(PrintExposition("# HELP h Help.\n# TYPE h histogram\nh_bucket{le=\"1\",b=\"\"} 1e3 5\n"
                          "# comment\nx -Inf",
                          PageFormat::kPrometheusText, out)
              .ok());
  CHECK(out.str() ==
        "help h Help.\n"
        "type h histogram\n"
        "sample {__name__=\"h_bucket\", le=\"1.0\"} 1000 @5\n"
        "sample {__name__=\"x\"} -Inf\n");
}

TEST_CASE("parse names the line of the first error", "[parse]") {
  std::ostringstream out;
  const Status status =
      PrintExposition("a{x=\"1\n2\"} 1\n\nb 1 x\nc 1\n", PageFormat::kPrometheusText, out);
  REQUIRE_FALSE(status.ok());
  CHECK_THAT(status.error().message,
             Catch::StartsWith("line 4: expected timestamp or new record, got \"x\""));
  CHECK(out.str() == "sample {__name__=\"a\", x=\"1\\n2\"} 1\n");
}

TEST_CASE("parse prints what OpenMetrics has beyond the text format", "[parse]") {
  std::ostringstream out;
  REQUIRE(PrintExposition("# TYPE h_seconds gaugehistogram\n# UNIT h_seconds seconds\n"
                          "h_seconds 1 1.5 # {b=\"c\",a=\"x\"} 2 3\n# EOF\n",
                          PageFormat::kOpenMetrics, out)
              .ok());
  CHECK(out.str() ==
        "type h_seconds gaugehistogram\n"
        "unit h_seconds seconds\n"
        "sample {__name__=\"h_seconds\"} 1 @1500\n"
        "  exemplar {a=\"x\", b=\"c\"} 2 @3000\n");
  CHECK(PrintExposition("a 1\n", PageFormat::kOpenMetrics, out).error().message ==
        "line 2: data does not end with # EOF");
  CHECK(PrintExposition("", PageFormat::kOpenMetrics, out).error().message ==
        "line 1: data does not end with # EOF");
  CHECK(PrintExposition("# EOF\n\n", PageFormat::kOpenMetrics, out).error().message ==
        "line 2: unexpected data after # EOF");
}

}  // namespace
}  // namespace sluice::scrape
