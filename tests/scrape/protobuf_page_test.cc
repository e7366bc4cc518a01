// Pages in the protobuf format, scrape after scrape.
#include <algorithm>
#include <bit>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_target.h"
#include "protobuf_support.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

using Lines = std::vector<std::string>;

SeriesRules WithNative() {
  SeriesRules rules;
  rules.histograms.native = true;
  return rules;
}

class Target : public test::PageTarget {
 public:
  explicit Target(SeriesRules rules = WithNative()) : PageTarget(std::move(rules)) {}

  using PageTarget::Scrape;

  // Families in protobuf's text format.
  Lines Scrape(const std::vector<std::string>& families) {
    return Scrape(PageFormat::kProtobuf, test::PageOf(families));
  }
};

std::string Gauge(const std::string& name, const std::string& label, double value) {
  return "name: '" + name + "' type: GAUGE metric { label { name: 'l' value: '" + label +
         "' } gauge { value: " + std::to_string(value) + " } }";
}

// Counts 1, 2 and 1 in three buckets that follow each other.
std::string Native(const std::string& name, const std::string& more = "") {
  return "name: '" + name +
         "' type: HISTOGRAM metric { histogram { sample_count: 4 sample_sum: 9 schema: 0 "
         "positive_span { offset: 0 length: 3 } positive_delta: [1, 1, -1] " +
         more + " } }";
}

const char* const kNativeText = "{schema:0, count:4, sum:9, (0.5,1]:1, (1,2]:2, (2,4]:1}";

const char* const kClassic =
    "bucket { cumulative_count: 1 upper_bound: 1 } bucket { cumulative_count: 4 upper_bound: 5 }";

TEST_CASE("a protobuf page may be cut anywhere", "[protobuf_page]") {
  const std::string body = test::PageOf(
      {"name: 'c_total' help: 'Some.' type: COUNTER metric { label { name: 'a' value: 'b' } "
       "counter { value: 3 exemplar { label { name: 'id' value: 'x' } value: 1 } } }",
       Native("h"),
       "name: 's' type: SUMMARY metric { summary { sample_count: 2 sample_sum: 3 quantile { "
       "quantile: 0.5 value: 1 } } timestamp_ms: 1700000001000 }"});
  const Lines expected = {"{__name__=\"c_total\", a=\"b\"} 3.0 @0",
                          "{__name__=\"h\"} " + std::string(kNativeText) + " @0",
                          "{__name__=\"s\", quantile=\"0.5\"} 1.0 @-14000",
                          "{__name__=\"s_count\"} 2.0 @-14000", "{__name__=\"s_sum\"} 3.0 @-14000"};
  for (size_t piece = 1; piece <= body.size(); ++piece) {
    CAPTURE(piece);
    Target target;
    CHECK(target.Scrape(PageFormat::kProtobuf, body, piece) == expected);
    CHECK(target.exemplars() == Lines{"{__name__=\"c_total\", a=\"b\"} # id=x 1.0 @0"});
    // And once more, as a page that is known. Samples with times of their own are the same again.
    CHECK(target.Scrape(PageFormat::kProtobuf, body, piece) ==
          Lines{expected.begin(), expected.begin() + 2});
    CHECK(target.error().empty());
    CHECK(target.page().series_count() == 5);
  }
}

TEST_CASE("a body that ends inside a message fails", "[protobuf_page]") {
  const std::string first = test::PageOf({Gauge("a", "x", 1)});
  const std::string body = first + test::PageOf({Gauge("b", "x", 1)});
  Target target;
  REQUIRE(target.Scrape(PageFormat::kProtobuf, body).size() == 2);
  for (size_t size = first.size() + 1; size < body.size(); ++size) {
    CAPTURE(size);
    target.Scrape(PageFormat::kProtobuf, body.substr(0, size));
    CHECK_THAT(target.error(), Catch::StartsWith("message 2: insufficient length of buffer"));
  }
  CHECK(target.Scrape(PageFormat::kProtobuf, first).size() == 1);
}

TEST_CASE("errors of a protobuf page say which message and family", "[protobuf_page]") {
  Target target;
  target.Scrape({Gauge("a", "x", 1), "name: 'b' unit: 'seconds' metric { counter { value: 1 } }"});
  CHECK(target.error() ==
        "message 2 (family \"b\"): unit \"seconds\" not a suffix of metric \"b\"");
  std::string body = test::PageOf({Gauge("a", "x", 1), Gauge("b", "Z", 1)});
  body[body.find('Z')] = '\xff';
  target.Scrape(PageFormat::kProtobuf, body);
  CHECK(target.error() == "message 2 (family \"b\"): invalid label value: \"\\xff\"");
  body = test::PageOf({Gauge("a", "x", 1)});
  test::AppendMessage("\x08\x01", body);
  target.Scrape(PageFormat::kProtobuf, body);
  CHECK_THAT(target.error(), Catch::StartsWith("message 2: "));
  target.Scrape(PageFormat::kProtobuf, "\xff\xff\xff\xff\xff");
  CHECK(target.error() == "message 1: invalid varint encountered");
  target.Scrape({"name: '" + std::string(5000, 'n') + "' unit: 'x' metric { counter { } }"});
  CHECK(target.error().size() < 1300);
}

TEST_CASE("series of a protobuf page may come and go and move", "[protobuf_page]") {
  Target target;
  target.Scrape({Gauge("a", "x", 1), Gauge("b", "x", 2), Native("h")});
  CHECK(target.Scrape({Native("h"), Gauge("a", "x", 3), Gauge("a", "y", 4)}) ==
        Lines{"{__name__=\"a\", l=\"x\"} 3.0 @0", "{__name__=\"a\", l=\"y\"} 4.0 @0",
              "{__name__=\"b\", l=\"x\"} stale @0",
              "{__name__=\"h\"} " + std::string(kNativeText) + " @0"});
  CHECK(target.counts().series_added == 1);
  CHECK(target.Scrape({Gauge("a", "y", 5)}) == Lines{"{__name__=\"a\", l=\"x\"} stale @0",
                                                     "{__name__=\"a\", l=\"y\"} 5.0 @0",
                                                     "{__name__=\"h\"} stale @0"});
}

TEST_CASE("a page goes on in another format under the same series", "[protobuf_page]") {
  Target target;
  const std::string classic = std::string(
                                  "name: 'h' help: 'x' type: HISTOGRAM metric { histogram "
                                  "{ sample_count: 4 sample_sum: 9 ") +
                              kClassic + " } }";
  const std::string text =
      "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"5\"} 4\n"
      "h_bucket{le=\"+Inf\"} 4\nh_sum 9\nh_count 4\n";
  const Lines first = target.Scrape({classic});
  CHECK(first.size() == 5);
  CHECK(target.Scrape(PageFormat::kPrometheusText, text) == first);
  CHECK(target.Scrape({classic}) == first);
  CHECK(target.Scrape(PageFormat::kOpenMetrics, text + "# EOF\n") == first);
  CHECK(target.counts().series_added == 0);
  CHECK(target.FamilyOf("{__name__=\"h_sum\"}") ==
        "h|" + std::to_string(static_cast<int>(buffer::MetricType::kHistogram)) + "|x");
}

TEST_CASE("a series may be a histogram in one scrape and a number in the next", "[protobuf_page]") {
  Target target;
  const std::string native = "{__name__=\"h\"} " + std::string(kNativeText) + " @0";
  const std::string gauge = "name: 'h' type: GAUGE metric { gauge { value: 7 } }";
  CHECK(target.Scrape({Native("h")}) == Lines{native});
  CHECK(target.Scrape({gauge}) == Lines{"{__name__=\"h\"} 7.0 @0"});
  CHECK(target.Scrape({Native("h")}) == Lines{native});
  CHECK(target.Scrape(PageFormat::kPrometheusText, "h 8\n") == Lines{"{__name__=\"h\"} 8.0 @0"});
  CHECK(target.page().series_count() == 1);
}

TEST_CASE("the classic series of a native histogram are kept when they are wanted",
          "[protobuf_page]") {
  const std::string both = Native("h", kClassic);
  Target only_native;
  CHECK(only_native.Scrape({both}).size() == 1);
  SeriesRules rules = WithNative();
  rules.histograms.always_classic = true;
  Target all(rules);
  CHECK(all.Scrape({both}).size() == 6);
  Target none{SeriesRules()};
  CHECK(none.Scrape({both}).size() == 5);
}

TEST_CASE("classic histograms become ones with custom buckets, or are counted", "[protobuf_page]") {
  SeriesRules rules;
  rules.histograms.to_custom_buckets = true;
  Target target(rules);
  const std::string good = std::string(
                               "name: 'h' type: HISTOGRAM metric { histogram { "
                               "sample_count: 4 sample_sum: 9 ") +
                           kClassic + " } }";
  const std::string bad =
      "name: 'm' type: HISTOGRAM metric { histogram { sample_count: 3 sample_sum: 9 bucket { "
      "cumulative_count: 5 upper_bound: 1 } bucket { cumulative_count: 4 upper_bound: 5 } } }";
  CHECK(target.Scrape({good, bad}) ==
        Lines{"{__name__=\"h\"} {schema:-53, count:4, sum:9, (-Inf,1]:1, (1,5]:3} @0"});
  CHECK(target.counts().malformed_histograms == 1);
  CHECK(target.counts().scraped == 1);
}

TEST_CASE("native histograms are brought below the limits of their job", "[protobuf_page]") {
  SeriesRules rules = WithNative();
  rules.histograms.schema_max = -1;
  Target coarse(rules);
  CHECK(coarse.Scrape({Native("h")}) ==
        Lines{"{__name__=\"h\"} {schema:-1, count:4, sum:9, (0.25,1]:1, (1,4]:3} @0"});
  rules.histograms.schema_max = proto::kSchemaMax;
  rules.histograms.bucket_limit = 2;
  Target limited(rules);
  const Lines reduced = limited.Scrape({Native("h")});
  CHECK(reduced == coarse.Scrape({Native("h")}));
  // Each scrape anew, as a page that is known.
  CHECK(limited.Scrape({Native("h")}) == reduced);
  CHECK(limited.error().empty());
}

TEST_CASE("a histogram that keeps too many buckets fails the scrape", "[protobuf_page]") {
  const std::string wide =
      "name: 'w' type: HISTOGRAM metric { histogram { sample_count: 2 sample_sum: 1 schema: 0 "
      "positive_span { offset: -500 length: 1 } positive_span { offset: 1000 length: 1 } "
      "positive_delta: [1, 0] } }";
  SeriesRules rules = WithNative();
  rules.histograms.bucket_limit = 3;
  Target target(rules);
  REQUIRE(target.Scrape({Gauge("a", "x", 1), wide, Gauge("b", "x", 1)}).size() == 3);
  rules.histograms.bucket_limit = 1;
  Target failing(rules);
  CHECK(failing.Scrape({Gauge("a", "x", 1), wide}).empty());
  CHECK(failing.error() == "histogram bucket limit exceeded");

  // A page that is known: what else is there does not end, and the counts are those of the page.
  for (const bool is_moved : {false, true}) {
    CAPTURE(is_moved);
    rules.histograms.bucket_limit = 2;
    Target known(rules);
    const std::string narrow = Native("h");
    REQUIRE(known.Scrape({Gauge("a", "x", 1), narrow, Gauge("b", "x", 1)}).size() == 3);
    const std::string too_wide =
        "name: 'h' type: HISTOGRAM metric { histogram { sample_count: 3 sample_sum: 1 schema: 0 "
        "positive_span { offset: -500 length: 1 } positive_span { offset: 1000 length: 1 } "
        "positive_span { offset: 5000 length: 1 } positive_delta: [1, 0, 0] } }";
    std::vector<std::string> page = {Gauge("a", "x", 1), too_wide, Gauge("b", "x", 1)};
    if (is_moved) std::swap(page[0], page[2]);
    page.push_back(Gauge("new", "x", 1));
    CHECK(known.Scrape(page) == Lines{"{__name__=\"h\"} stale @0"});
    CHECK(known.error() == "histogram bucket limit exceeded");
    CHECK(known.counts().bucket_limit_exceeded);
    CHECK_FALSE(known.counts().sample_limit_exceeded);
    CHECK(known.counts().scraped == 4);
    CHECK(known.counts().post_relabel == 4);
    CHECK(known.counts().series_added == 0);
    CHECK(known.Scrape({Gauge("a", "x", 1), narrow, Gauge("b", "x", 1)}).size() == 3);
  }
}

TEST_CASE("custom buckets cannot be reduced", "[protobuf_page]") {
  SeriesRules rules;
  rules.histograms.to_custom_buckets = true;
  rules.histograms.bucket_limit = 1;
  Target target(rules);
  target.Scrape({std::string("name: 'h' type: HISTOGRAM metric { histogram { sample_count: 4 ") +
                 kClassic + " } }"});
  CHECK(target.error() == "histogram bucket limit exceeded");
}

TEST_CASE("buckets are counted before samples", "[protobuf_page]") {
  const std::string wide =
      "name: 'w' type: HISTOGRAM metric { histogram { sample_count: 2 sample_sum: 1 schema: -4 "
      "positive_span { offset: 0 length: 2 } positive_delta: [1, 0] } }";
  SeriesRules rules = WithNative();
  rules.histograms.bucket_limit = 1;
  rules.sample_limit = 1;
  Target target(rules);
  target.Scrape({Gauge("a", "x", 1), wide});
  CHECK(target.error() == "histogram bucket limit exceeded");
  CHECK_FALSE(target.counts().sample_limit_exceeded);
  target.Scrape({Gauge("a", "x", 1), wide, Gauge("b", "x", 1)});
  CHECK(target.error() == "sample limit exceeded");
  CHECK(target.counts().bucket_limit_exceeded);
  CHECK(target.counts().scraped == 3);
  CHECK(target.counts().post_relabel == 3);
}

TEST_CASE("a histogram is one sample of the limit", "[protobuf_page]") {
  SeriesRules rules = WithNative();
  rules.sample_limit = 1;
  Target target(rules);
  CHECK(target.Scrape({Native("h")}).size() == 1);
  target.Scrape({Native("h"), Native("i")});
  CHECK(target.error() == "sample limit exceeded");
}

TEST_CASE("an invalid histogram fails the scrape", "[protobuf_page]") {
  const std::string invalid =
      "name: 'i' type: HISTOGRAM metric { histogram { sample_count: 5 sample_sum: 1 schema: 0 "
      "positive_span { offset: 0 length: 1 } positive_delta: [1] } }";
  const std::string schema =
      "name: 'i' type: HISTOGRAM metric { histogram { sample_count: 1 sample_sum: 1 schema: -5 "
      "positive_span { offset: 0 length: 1 } positive_delta: [1] } }";
  Target target;
  REQUIRE(target.Scrape({Gauge("a", "x", 1), Native("i"), Gauge("b", "x", 1)}).size() == 3);
  // What stands behind it was not seen.
  CHECK(target.Scrape({Gauge("a", "x", 1), invalid, Gauge("b", "x", 1)}) ==
        Lines{"{__name__=\"b\", l=\"x\"} stale @0"});
  CHECK(target.error() ==
        "message 2 (family \"i\"): 1 observations found in buckets, but the Count field is 5: "
        "histogram's observation count should equal the number of observations found in the "
        "buckets (in absence of NaN)");
  CHECK(target.counts().scraped == 2);
  CHECK(target.counts().post_relabel == 1);
  target.Scrape({schema});
  CHECK_THAT(target.error(), Catch::Contains("histogram has an invalid schema"));
}

TEST_CASE("histograms that are dropped or repeated are not looked at", "[protobuf_page]") {
  const std::string invalid =
      "name: 'h' type: HISTOGRAM metric { histogram { sample_count: 5 sample_sum: 1 schema: 0 "
      "positive_span { offset: 0 length: 1 } positive_delta: [1] } }";
  Target repeating;
  CHECK(repeating.Scrape({Native("h"), invalid}).size() == 1);
  CHECK(repeating.counts().duplicate == 1);
  SeriesRules rules = WithNative();
  relabel::Rule drop;
  drop.action = relabel::Action::kDrop;
  drop.source_labels = {"__name__"};
  drop.regex = "h";
  auto program = relabel::Program::Compile({drop});
  REQUIRE(program.ok());
  rules.metric_relabel = *program;
  Target dropping(rules);
  CHECK(dropping.Scrape({invalid, Gauge("a", "x", 1)}).size() == 1);
  CHECK(dropping.Scrape({invalid, Gauge("a", "x", 1)}).size() == 1);
  CHECK(dropping.error().empty());
}

TEST_CASE("a histogram whose sum is the stale marker is exempt from the limit once it is known",
          "[protobuf_page]") {
  SeriesRules rules = WithNative();
  rules.sample_limit = 1;
  Target target(rules);
  REQUIRE(target.Scrape({Native("h")}).size() == 1);
  test::pb::MetricFamily ended = test::FamilyOf(Native("h"));
  ended.mutable_metric(0)->mutable_histogram()->set_sample_sum(
      std::bit_cast<double>(buffer::kStaleNanBits));
  std::string body;
  test::AppendFamily(ended, body);
  test::AppendFamily(test::FamilyOf(Gauge("a", "x", 1)), body);
  CHECK(target.Scrape(PageFormat::kProtobuf, body).size() == 2);
  CHECK(target.error().empty());
}

}  // namespace
}  // namespace sluice::scrape
