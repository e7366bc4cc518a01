#include "scrape/parse_command.h"

#include <sstream>

#include <catch2/catch.hpp>

#include "protobuf_support.h"

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

TEST_CASE("parse shows native histograms and their classic series", "[parse]") {
  const std::string page = test::PageOf(
      {"name: 'h' help: 'Help.' type: HISTOGRAM metric { label { name: 'a' value: 'b' } histogram "
       "{ sample_count: 3 sample_sum: 1.5 schema: 1 positive_span { offset: 0 length: 2 } "
       "positive_delta: [1, 1] bucket { cumulative_count: 3 upper_bound: 1 } exemplars { label { "
       "name: 'id' value: 'x' } value: 1 timestamp { seconds: 3 } } } timestamp_ms: 5 }"});
  std::ostringstream out;
  REQUIRE(PrintExposition(page, PageFormat::kProtobuf, out).ok());
  CHECK(out.str() ==
        "help h Help.\n"
        "type h histogram\n"
        "sample {__name__=\"h\", a=\"b\"} {schema:1, count:3, sum:1.5, (0.7071067811865476,1]:1, "
        "(1,1.4142135623730951]:2} @5\n"
        "  exemplar {id=\"x\"} 1 @3000\n"
        "sample {__name__=\"h_count\", a=\"b\"} 3 @5\n"
        "sample {__name__=\"h_sum\", a=\"b\"} 1.5 @5\n"
        "sample {__name__=\"h_bucket\", a=\"b\", le=\"1.0\"} 3 @5\n"
        "sample {__name__=\"h_bucket\", a=\"b\", le=\"+Inf\"} 3 @5\n");
  CHECK_THAT(
      PrintExposition(page.substr(0, page.size() - 1), PageFormat::kProtobuf, out).error().message,
      Catch::StartsWith("message 1: insufficient length of buffer"));
  CHECK_THAT(PrintExposition(page + "\x01\x07", PageFormat::kProtobuf, out).error().message,
             Catch::StartsWith("message 2: "));
}

}  // namespace
}  // namespace sluice::scrape
