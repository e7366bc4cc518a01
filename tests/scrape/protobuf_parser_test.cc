// Which entries a family gives, against what Prometheus's parser gives for the same (the cases of
// model/textparse/protobufparse_test.go).
#include "scrape/protobuf_parser.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "protobuf_support.h"

namespace sluice::scrape {
namespace {

using test::PageOf;
using test::Read;
using test::ReadPage;

using Lines = std::vector<std::string>;

constexpr HistogramRules kClassicOnly = {};
constexpr HistogramRules kNative = {.native = true};
constexpr HistogramRules kBoth = {.native = true, .always_classic = true};

// The histogram of Prometheus's tests. `%f` and `%d` stand for what is of floats or integers.
const char* const kClassicPart = R"(
    sample_sum: 0.0008280461746287094
    bucket { cumulative_count: 2 upper_bound: -0.0004899999999999998 }
    bucket {
      cumulative_count: 4 upper_bound: -0.0003899999999999998
      exemplar {
        label { name: "dummyID" value: "59727" } value: -0.00039
        timestamp { seconds: 1625851155 nanos: 146848499 }
      }
    }
    bucket {
      cumulative_count: 16 upper_bound: -0.0002899999999999998
      exemplar { label { name: "dummyID" value: "5617" } value: -0.00029 }
    })";
const char* const kSpans = R"(
    schema: 3
    zero_threshold: 2.938735877055719e-39
    negative_span { offset: -162 length: 1 }
    negative_span { offset: 23 length: 4 }
    positive_span { offset: -161 length: 1 }
    positive_span { offset: 8 length: 3 })";
const char* const kIntegers = R"(
    sample_count: 175 zero_count: 2
    negative_delta: [1, 3, -2, -1, 1]
    positive_delta: [1, 2, -1, -1])";
const char* const kFloats = R"(
    sample_count_float: 175.5 zero_count_float: 2
    negative_count: [1, 3, -2, -1, 1]
    positive_count: [1, 2, -1, -1])";

std::string Histogram(const std::string& name, const std::string& type, const Lines& parts) {
  std::string text = "name: '" + name + "' type: " + type + " metric { histogram {";
  for (const std::string& part : parts) text += part;
  return text + "} timestamp_ms: 1234568 }";
}

const char* const kIntegerText =
    "integer schema=3 count=175 sum=0.0008280461746287094 zero=2.938735877055719e-39:2 "
    "negative=[-162:1][23:4] 1 3 -2 -1 1 positive=[-161:1][8:3] 1 2 -1 -1";
const char* const kFloatText =
    "float schema=3 count=175.5 sum=0.0008280461746287094 zero=2.938735877055719e-39:2.0 "
    "negative=[-162:1][23:4] 1.0 3.0 -2.0 -1.0 1.0 positive=[-161:1][8:3] 1.0 2.0 -1.0 -1.0";
const char* const kFirstExemplar = " # {dummyID=\"59727\"} -0.00039 @1625851155146";

Lines ClassicLines(const std::string& name, const std::string& count) {
  return {
      name + "_count{} " + count + " @1234568",
      name + "_sum{} 0.0008280461746287094 @1234568",
      name + "_bucket{le=\"-0.0004899999999999998\"} 2.0 @1234568",
      name + "_bucket{le=\"-0.0003899999999999998\"} 4.0 @1234568" + kFirstExemplar,
      name + "_bucket{le=\"-0.0002899999999999998\"} 16.0 @1234568 # {dummyID=\"5617\"} -0.00029",
      name + "_bucket{le=\"+Inf\"} " + count + " @1234568"};
}

Lines Concat(Lines lines, const Lines& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

ReadPage ReadWhole(const Lines& families, const HistogramRules& rules) {
  const ReadPage read = Read(PageOf(families), rules);
  CHECK(read.error.empty());
  return read;
}

std::string ErrorOf(const std::string& family) { return Read(PageOf({family}), kNative).error; }

TEST_CASE("a gauge, a counter and an untyped metric are one sample each", "[protobuf]") {
  const Lines families = {
      R"(name: "go_build_info" help: "Build information." type: GAUGE
         metric {
           label { name: "checksum" } label { name: "path" value: "a/b" } gauge { value: 1 }
         })",
      R"(name: "alloc_bytes_total" help: "Bytes." type: COUNTER unit: "bytes"
         metric {
           counter {
             value: 1.546544e+06
             exemplar {
               label { name: "dummyID" value: "42" } value: 12
               timestamp { seconds: 1625851151 nanos: 233181499 }
             }
           }
         })",
      R"(name: "something_untyped" type: UNTYPED
         metric { untyped { value: 42 } timestamp_ms: 1234567 })"};
  CHECK(ReadWhole(families, kNative).entries ==
        Lines{"HELP go_build_info Build information.", "TYPE go_build_info gauge",
              "go_build_info{checksum=\"\",path=\"a/b\"} 1.0", "HELP alloc_bytes_total Bytes.",
              "UNIT alloc_bytes_total bytes", "TYPE alloc_bytes_total counter",
              "alloc_bytes_total{} 1.546544e+06 # {dummyID=\"42\"} 12.0 @1625851151233",
              "HELP something_untyped ", "TYPE something_untyped unknown",
              "something_untyped{} 42.0 @1234567"});
}

TEST_CASE("a native histogram is one sample, of integers or floats, and hides its classic part",
          "[protobuf]") {
  const Lines families = {Histogram("i", "HISTOGRAM", {kClassicPart, kSpans, kIntegers}),
                          Histogram("gi", "GAUGE_HISTOGRAM", {kClassicPart, kSpans, kIntegers}),
                          Histogram("f", "HISTOGRAM", {kClassicPart, kSpans, kFloats}),
                          Histogram("gf", "GAUGE_HISTOGRAM", {kClassicPart, kSpans, kFloats})};
  const auto gauge = [](std::string text) { return text.insert(text.find(' '), " gauge"); };
  const std::string tail = std::string(" @1234568") + kFirstExemplar;
  CHECK(ReadWhole(families, kNative).entries ==
        Lines{"HELP i ", "TYPE i histogram", "i{} " + std::string(kIntegerText) + tail,  //
              "HELP gi ", "TYPE gi gaugehistogram", "gi{} " + gauge(kIntegerText) + tail, "HELP f ",
              "TYPE f histogram", "f{} " + std::string(kFloatText) + tail,  //
              "HELP gf ", "TYPE gf gaugehistogram", "gf{} " + gauge(kFloatText) + tail});
}

TEST_CASE("the classic part comes behind the native histogram when it is always wanted",
          "[protobuf]") {
  const std::string tail = std::string(" @1234568") + kFirstExemplar;
  const Lines integers = {Histogram("i", "HISTOGRAM", {kClassicPart, kSpans, kIntegers})};
  CHECK(ReadWhole(integers, kBoth).entries ==
        Concat({"HELP i ", "TYPE i histogram", "i{} " + std::string(kIntegerText) + tail},
               ClassicLines("i", "175.0")));
  const Lines floats = {Histogram("f", "GAUGE_HISTOGRAM", {kClassicPart, kSpans, kFloats})};
  CHECK(ReadWhole(floats, kBoth).entries.size() == 9);
  // There is none to come.
  const Lines alone = {Histogram("i", "HISTOGRAM", {kSpans, kIntegers})};
  CHECK(ReadWhole(alone, kBoth).entries.size() == 3);
}

TEST_CASE("without native histograms only the classic part counts, if need be without buckets",
          "[protobuf]") {
  const Lines families = {Histogram("i", "HISTOGRAM", {kClassicPart, kSpans, kIntegers}),
                          Histogram("gf", "GAUGE_HISTOGRAM", {kClassicPart, kSpans, kFloats}),
                          R"(name: "e" type: HISTOGRAM metric {
                               histogram { positive_span {} sample_count: 3 } })"};
  Lines expected = Concat({"HELP i ", "TYPE i histogram"}, ClassicLines("i", "175.0"));
  expected = Concat(expected, {"HELP gf ", "TYPE gf gaugehistogram"});
  expected = Concat(expected, ClassicLines("gf", "175.5"));
  expected = Concat(expected, {"HELP e ", "TYPE e histogram", "e_count{} 3.0", "e_sum{} 0.0",
                               "e_bucket{le=\"+Inf\"} 3.0"});
  CHECK(ReadWhole(families, kClassicOnly).entries == expected);
}

TEST_CASE("a classic histogram is count, sum and buckets, with one for +Inf", "[protobuf]") {
  const Lines families = {
      R"(name: "h" type: HISTOGRAM
         metric {
           label { name: "z" value: "1" }
           histogram {
             sample_count: 175 sample_sum: 0.5
             bucket { cumulative_count: 2 upper_bound: -0.00048 }
             bucket { cumulative_count: 16 upper_bound: 1 }
             bucket { cumulative_count_float: 17.5 upper_bound: 1000000 }
           }
         }
         metric {
           label { name: "z" value: "2" }
           histogram {
             sample_count: 9 sample_count_float: 7.5
             bucket { cumulative_count: 8 upper_bound: inf }
             bucket { cumulative_count: 9 upper_bound: 20 }
           }
         })"};
  CHECK(ReadWhole(families, kNative).entries ==
        Lines{"HELP h ", "TYPE h histogram",  //
              "h_count{z=\"1\"} 175.0", "h_sum{z=\"1\"} 0.5",
              "h_bucket{z=\"1\",le=\"-0.00048\"} 2.0", "h_bucket{z=\"1\",le=\"1.0\"} 16.0",
              "h_bucket{z=\"1\",le=\"1e+06\"} 17.5", "h_bucket{z=\"1\",le=\"+Inf\"} 175.0",
              // What follows +Inf does not count.
              "h_count{z=\"2\"} 7.5", "h_sum{z=\"2\"} 0.0", "h_bucket{z=\"2\",le=\"+Inf\"} 8.0"});
}

TEST_CASE("a summary is count, sum and quantiles, of which there may be none", "[protobuf]") {
  const Lines families = {
      R"(name: "s" type: SUMMARY
         metric {
           label { name: "service" value: "exponential" }
           summary {
             sample_count: 262 sample_sum: 0.00025551262820703587
             quantile { quantile: 0.5 value: 6.442786329648548e-07 }
             quantile { quantile: 1 value: nan }
           }
         }
         metric { summary { sample_count: 42 sample_sum: 1.234 } })"};
  CHECK(ReadWhole(families, kNative).entries ==
        Lines{"HELP s ", "TYPE s summary", "s_count{service=\"exponential\"} 262.0",
              "s_sum{service=\"exponential\"} 0.00025551262820703587",
              "s{service=\"exponential\",quantile=\"0.5\"} 6.442786329648548e-07",
              "s{service=\"exponential\",quantile=\"1.0\"} NaN", "s_count{} 42.0",
              "s_sum{} 1.234"});
}

TEST_CASE("start timestamps are those of counters, summaries and histograms", "[protobuf]") {
  const std::string created = "created_timestamp { seconds: 1625851153 nanos: 146848499 }";
  const Lines families = {
      "name: 'c' type: COUNTER metric { counter { value: 1 " + created + "} }",
      "name: 's' type: SUMMARY metric { summary { sample_count: 42 " + created + "} }",
      "name: 'h' type: HISTOGRAM metric { histogram { positive_span {} " + created + "} }",
      "name: 'gh' type: GAUGE_HISTOGRAM metric { histogram { " + created + "} }"};
  const std::string since = " since 1625851153146";
  const std::string empty = "schema=0 count=0 sum=0.0 zero=0.0:0 negative= positive=";
  CHECK(ReadWhole(families, kNative).entries ==
        Lines{"HELP c ", "TYPE c counter", "c{} 1.0" + since,  //
              "HELP s ", "TYPE s summary", "s_count{} 42.0" + since, "s_sum{} 0.0" + since,
              "HELP h ", "TYPE h histogram", "h{} integer " + empty + since,  //
              "HELP gh ", "TYPE gh gaugehistogram", "gh_count{} 0.0" + since,
              "gh_sum{} 0.0" + since, "gh_bucket{le=\"+Inf\"} 0.0" + since});
}

TEST_CASE("exemplars of a native histogram are its own or those of its buckets, with timestamps",
          "[protobuf]") {
  const std::string own = R"(
      exemplars {
        label { name: "dummyID" value: "59780" } value: -0.00039
        timestamp { seconds: 1625851155 nanos: 146848499 }
      }
      exemplars { label { name: "dummyID" value: "5617" } value: -0.00029 }
      exemplars {
        label { name: "dummyID" value: "59772" } value: -0.00052
        timestamp { seconds: 1625851160 nanos: 156848499 }
      })";
  const Lines families = {Histogram("h", "HISTOGRAM", {kClassicPart, kSpans, kIntegers, own})};
  const std::string exemplars =
      " @1234568 # {dummyID=\"59780\"} -0.00039 @1625851155146"
      " # {dummyID=\"59772\"} -0.00052 @1625851160156";
  CHECK(ReadWhole(families, kBoth).entries ==
        Concat({"HELP h ", "TYPE h histogram", "h{} " + std::string(kIntegerText) + exemplars},
               ClassicLines("h", "175.0")));
  // One without a timestamp hides those of the buckets all the same.
  const Lines hidden = {
      Histogram("h", "HISTOGRAM", {kClassicPart, kSpans, kIntegers, "exemplars { value: 1 }"})};
  CHECK(ReadWhole(hidden, kNative).entries.back().find('#') == std::string::npos);
}

TEST_CASE("each metric of a family is native or not by itself", "[protobuf]") {
  const std::string native = "metric { histogram { sample_count: 1 zero_count: 1 } }";
  const std::string classic = "metric { label { name: 'a' } histogram { sample_count: 2 } }";
  const std::string head = "name: 'h' type: HISTOGRAM ";
  const Lines series = {"h_count{a=\"\"} 2.0", "h_sum{a=\"\"} 0.0",
                        "h_bucket{a=\"\",le=\"+Inf\"} 2.0"};
  const std::string sample = "h{} integer schema=0 count=1 sum=0.0 zero=0.0:1 negative= positive=";
  CHECK(ReadWhole({head + native + classic}, kNative).entries ==
        Concat({"HELP h ", "TYPE h histogram", sample}, series));
  CHECK(ReadWhole({head + classic + native}, kNative).entries ==
        Concat(Concat({"HELP h ", "TYPE h histogram"}, series), {sample}));
}

TEST_CASE("native buckets are given in their shortest form", "[protobuf]") {
  const Lines families = {R"(name: "h" type: HISTOGRAM
                             metric {
                               histogram {
                                 positive_span { offset: 2 length: 4 } positive_span { length: 2 }
                                 positive_delta: [0, 5, -5, 1, 0, -1]
                               }
                             })"};
  CHECK(ReadWhole(families, kNative).entries.back() ==
        "h{} integer schema=0 count=0 sum=0.0 zero=0.0:0 negative= positive=[3:1][1:2] 5 -4 0");
}

TEST_CASE("what a metric lacks is zero", "[protobuf]") {
  const Lines families = {"name: 'c' type: COUNTER metric { gauge { value: 5 } }",
                          "name: 'e' type: GAUGE", "name: 's' type: SUMMARY metric {}",
                          "name: 'h' type: HISTOGRAM metric {}"};
  CHECK(ReadWhole(families, kNative).entries ==
        Lines{"HELP c ", "TYPE c counter", "c{} 0.0", "HELP s ", "TYPE s summary", "s_count{} 0.0",
              "s_sum{} 0.0", "HELP h ", "TYPE h histogram", "h_count{} 0.0", "h_sum{} 0.0",
              "h_bucket{le=\"+Inf\"} 0.0"});
}

TEST_CASE("families are refused in Prometheus's words", "[protobuf]") {
  const std::string metric = " metric { gauge {} }";
  CHECK(ErrorOf("type: GAUGE" + metric) == "invalid metric name: \"\"");
  CHECK(ErrorOf("name: 'a' unit: 'b'" + metric) == "unit \"b\" not a suffix of metric \"a\"");
  CHECK(ErrorOf("name: 'b' unit: 'b'" + metric) == "unit \"b\" not a suffix of metric \"b\"");
  CHECK(ErrorOf("name: 'ab' unit: 'b'" + metric) == "unit \"b\" not a suffix of metric \"ab\"");
  CHECK(ErrorOf("name: 'a_b_total' type: COUNTER unit: 'c'" + metric) ==
        "unit \"c\" not a suffix of counter \"a_b_total\"");
  CHECK(ErrorOf("name: 'a_b_total' type: GAUGE unit: 'b'" + metric) ==
        "unit \"b\" not a suffix of metric \"a_b_total\"");
  CHECK(ErrorOf("name: 'a_b_total' type: COUNTER unit: 'b'" + metric).empty());
  CHECK(ErrorOf("name: 'a_b' type: COUNTER unit: 'b'" + metric).empty());
  // Nobody looks at a family that has no metrics.
  CHECK(ErrorOf("unit: 'b'").empty());
}

TEST_CASE("spans that do not fit their buckets fail the scrape", "[protobuf]") {
  const std::string head = "name: 'h' type: HISTOGRAM metric { histogram { ";
  const std::string mismatch = "histogram spans specify different number of buckets than provided";
  CHECK(ErrorOf(head + "positive_span { length: 3 } positive_delta: [1, 1] } }") ==
        "positive side: spans need 3 buckets, have 2 buckets: " + mismatch);
  CHECK(ErrorOf(head + "negative_span {} negative_delta: 1 } }") ==
        "negative side: spans need 0 buckets, have 1 buckets: " + mismatch);
  // A float histogram has no use for deltas.
  CHECK(ErrorOf(head + "sample_count_float: 1 positive_span { length: 1 } positive_delta: 1 } }") ==
        "positive side: spans need 1 buckets, have 0 buckets: " + mismatch);
}

TEST_CASE("every series of a page has a key of its own, the same in every page", "[protobuf]") {
  const Lines families = {
      Histogram("h", "HISTOGRAM", {kClassicPart, kSpans, kIntegers}),
      R"(name: "s" help: "s" type: SUMMARY
         metric { summary { quantile { quantile: 0.5 } quantile { quantile: 0.9 } } }
         metric { label { name: "s" value: "s" } summary { quantile { quantile: 0.5 } } })",
      R"(name: "s_sum" help: "s" metric { counter { value: 1 } timestamp_ms: 5 })"};
  const std::vector<std::string> keys = ReadWhole(families, kBoth).keys;
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  CHECK(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  CHECK(ReadWhole(families, kBoth).keys == keys);
  // Values and timestamps are no part of it.
  Lines other = families;
  other.back() = R"(name: "s_sum" help: "s" metric { counter { value: 2 } timestamp_ms: 6 })";
  CHECK(ReadWhole(other, kBoth).keys == keys);
}

TEST_CASE("labels may stand anywhere in a metric", "[protobuf]") {
  // label, gauge, label: as no encoder writes them, but as the format allows.
  const std::string metric = std::string("\x0a\x06\x0a\x01") + "a\x12\x01" + "b" +  //
                             std::string("\x12\x00", 2) + "\x0a\x06\x0a\x01" + "c\x12\x01" + "d";
  std::string message = "\x0a\x01m";
  message += std::string("\x18\x01\x22") + static_cast<char>(metric.size()) + metric;
  std::string page;
  test::AppendMessage(message, page);
  const ReadPage read = Read(page, kNative);
  CHECK(read.error.empty());
  CHECK(read.entries.back() == "m{a=\"b\",c=\"d\"} 0.0");
}

}  // namespace
}  // namespace sluice::scrape
