// The accept and reject rows follow the tables of Prometheus's own OpenMetrics parser.
#include "scrape/openmetrics_parser.h"

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "scrape/openmetrics_lexer.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

using namespace std::string_view_literals;
using buffer::LabelView;
using buffer::MetricType;

// What is wrong with a page, without the line; "" when it is well-formed.
std::string ErrorOf(std::string_view body) {
  Page page({}, {MakeReportChunk()});
  page.Begin(1000, 1000);
  page.SetFormat(PageFormat::kOpenMetrics);
  Status status = page.Feed(body);
  if (status.ok()) {
    const auto result = page.Succeed({});
    if (result.ok()) return "";
    status = result.error();
  }
  std::string message = status.error().message;
  return message.substr(message.find(": ") + 2);
}

Entry ParseOne(OpenMetricsParser& parser, std::string_view text) {
  Entry entry;
  CAPTURE(text);
  REQUIRE(parser.Parse(text, entry).ok());
  return entry;
}

TEST_CASE("an OpenMetrics page that Prometheus accepts is accepted", "[openmetrics]") {
  const std::vector<std::string_view> pages = {
      "# EOF",
      "# EOF\n",
      "a 1\n# EOF\n",
      "a{} 1\n# EOF",
      "a{b=\"c\",} 1\n# EOF",  // a trailing comma
      "a{b=\"\\q\"} 1\n# EOF",
      "a 1 123.123\n# EOF",
      "a 1 1e300\n# EOF",
      "a 1 -1\n# EOF",
      "# HELP a \n# UNIT a \n# EOF",
      "# UNIT a_b_c b_c\n# EOF",
      "# UNIT \"a.b_c\" c\n# EOF",
      "# TYPE a counter\n# TYPE a unknown\n# TYPE b info\n# TYPE c stateset\n"
      "# TYPE d gaugehistogram\n# EOF",
      "# HELP \"a\nb\" x\n# EOF",
      "{\"metric.name\"} 1\n# EOF",
      "{l=\"v\",\"metric\nname\",} 1\n# EOF",
      "{\"q\\\"\\n\",\"label\nname\"=\"v\"} 1\n# EOF",
      // Whatever the metric is, it may have an exemplar.
      "a 1 # {} 1\n# EOF",
      "a 1 5 # {a=\"b\",\"c.d\"=\"e\",} 4 123.123\n# EOF",
      "# TYPE a gauge\na 1 # {a=\"b\"} NaN\n# EOF",
      "# TYPE c counter\nc 1\n# TYPE h histogram\nh_bucket{le=\"2\"} 5\n# EOF",  // no suffix, no
                                                                                 // +Inf
      "null_byte_metric{a=\"abc\0\"} 1\n# EOF\n"sv,
      "a{b=\"\0ss\"} 1\n# EOF\n"sv,
      "a{b=\"\0\"} 1\n# EOF\n"sv,
      "a{b=\"\0\"} 1\n# EOF"sv,
      "# HELP metric foo\0bar\n# EOF"sv,
  };
  for (const std::string_view page : pages) {
    CAPTURE(page);
    CHECK(ErrorOf(page) == "");
  }
}

struct Row {
  std::string_view page;
  std::string_view error;
};

TEST_CASE("an OpenMetrics page that Prometheus rejects is rejected in its words", "[openmetrics]") {
  const std::vector<Row> rows = {
      {"\n", R"(expected a valid start token, got "\n" ("INVALID") while parsing: "\n")"},
      {"metric", R"(expected value after metric, got "metric" ("EOF") while parsing: "metric")"},
      {"metric 1", "data does not end with # EOF"},
      {"metric 1\n", "data does not end with # EOF"},
      {"metric_total 1 # {aa=\"bb\"} 4", "data does not end with # EOF"},
      {"a\n#EOF\n", R"(expected value after metric, got "\n" ("INVALID") while parsing: "a\n")"},
      {"\n\n#EOF\n", R"(expected a valid start token, got "\n" ("INVALID") while parsing: "\n")"},
      {" a 1\n#EOF\n", R"(expected a valid start token, got " " ("INVALID") while parsing: " ")"},
      {"9\n#EOF\n", R"(expected a valid start token, got "9" ("INVALID") while parsing: "9")"},
      {"# TYPE u untyped\n#EOF\n", R"(invalid metric type "untyped")"},
      {"# TYPE c counter \n#EOF\n", R"(invalid metric type "counter ")"},
      {"#  TYPE c counter\n#EOF\n",
       R"(expected a valid start token, got "#  " ("INVALID") while parsing: "#  ")"},
      {"# TYPE \n#EOF\n",
       R"(expected metric name after TYPE, got "\n" ("INVALID") while parsing: "# TYPE \n")"},
      {"# TYPE m\n#EOF\n", "expected text in TYPE"},
      {"# UNIT metric suffix\n#EOF\n", R"(unit "suffix" not a suffix of metric "metric")"},
      {"# UNIT metricsuffix suffix\n#EOF\n",
       R"(unit "suffix" not a suffix of metric "metricsuffix")"},
      {"# UNIT m suffix\n#EOF\n", R"(unit "suffix" not a suffix of metric "m")"},
      {"# UNIT \n#EOF\n",
       R"(expected metric name after UNIT, got "\n" ("INVALID") while parsing: "# UNIT \n")"},
      {"# UNIT m\n#EOF\n", "expected text in UNIT"},
      {"# HELP \n#EOF\n",
       R"(expected metric name after HELP, got "\n" ("INVALID") while parsing: "# HELP \n")"},
      {"# HELP m\n#EOF\n", "expected text in HELP"},
      {"# HELP m \xff\n", R"(help text "\xff" is not a valid utf8 string)"},
      {"a\t1\n#EOF\n", R"(expected value after metric, got "\t" ("INVALID") while parsing: "a\t")"},
      {"a 1\t2\n#EOF\n",
       R"(strconv.ParseFloat: parsing "1\t2": invalid syntax while parsing: "a 1\t2")"},
      {"a 1 2 \n#EOF\n",
       R"(expected next entry after timestamp, got " \n" ("INVALID") while parsing: "a 1 2 \n")"},
      {"a 1 2 #\n#EOF\n", R"(expected next entry after timestamp, got " #\n" ("TIMESTAMP"))"
                          R"( while parsing: "a 1 2 #\n")"},
      {"a 1 1z\n#EOF\n",
       R"(strconv.ParseFloat: parsing "1z": invalid syntax while parsing: "a 1 1z")"},
      {" # EOF\n", R"(expected a valid start token, got " " ("INVALID") while parsing: " ")"},
      {"# EOF\na 1", "unexpected data after # EOF"},
      {"# EOF\n\n", "unexpected data after # EOF"},
      {"# EOFa 1", "unexpected data after # EOF"},
      {"#\tTYPE c counter\n",
       R"(expected a valid start token, got "#\t" ("INVALID") while parsing: "#\t")"},
      {"# TYPE c  counter\n", R"(invalid metric type " counter")"},
      {"a 1 1 1\n# EOF\n", R"(expected next entry after timestamp, got " 1\n" ("TIMESTAMP"))"
                           R"( while parsing: "a 1 1 1\n")"},
      {"a{b='c'} 1\n# EOF\n",
       R"(expected label value, got "'" ("INVALID") while parsing: "a{b='")"},
      {"a{,b=\"c\"} 1\n# EOF\n",
       R"(expected label name, got ",b" ("COMMA") while parsing: "a{,b")"},
      {"a{b=\"c\"d=\"e\"} 1\n# EOF\n",
       R"(expected comma or brace close, got "d=" ("LNAME") while parsing: "a{b=\"c\"d=")"},
      {"a{b=\"c\",,d=\"e\"} 1\n# EOF\n",
       R"(expected label name, got ",d" ("COMMA") while parsing: "a{b=\"c\",,d")"},
      {"a{b=\n# EOF\n", R"(expected label value, got "\n" ("INVALID") while parsing: "a{b=\n")"},
      {"a{\xff=\"foo\"} 1\n# EOF\n",
       R"(expected label name, got "\xff" ("INVALID") while parsing: "a{\xff")"},
      {"a{b=\"\xff\"} 1\n# EOF\n", R"(invalid UTF-8 label value: "\"\xff\"")"},
      {"{\"a\",\"b = \"c\"}\n# EOF\n",
       R"(expected equal, got "c\"" ("LNAME") while parsing: "{\"a\",\"b = \"c\"")"},
      {"{\"a\",b\\nc=\"d\"} 1\n# EOF\n",
       R"(expected equal, got "\\" ("INVALID") while parsing: "{\"a\",b\\")"},
      {"a true\n", R"(strconv.ParseFloat: parsing "true": invalid syntax while parsing: "a true")"},
      {"something_weird{problem=\"\n# EOF\n", R"(expected label value, got "\"\n" ("INVALID"))"
                                              R"( while parsing: "something_weird{problem=\"\n")"},
      {"empty_label_name{=\"\"} 0\n# EOF\n",
       R"(expected label name, got "=\"" ("EQUAL") while parsing: "empty_label_name{=\"")"},
      {"foo 1_2\n\n# EOF\n", R"(unsupported character in float while parsing: "foo 1_2")"},
      {"foo 0x1p-3\n\n# EOF\n", R"(unsupported character in float while parsing: "foo 0x1p-3")"},
      {"foo 0x1P-3\n\n# EOF\n", R"(unsupported character in float while parsing: "foo 0x1P-3")"},
      {"foo 0 1_2\n\n# EOF\n", R"(unsupported character in float while parsing: "foo 0 1_2")"},
      {"{b=\"c\",} 1", R"(metric name not set while parsing: "{b=\"c\",} 1")"},
      {"a{\"b\"} 1", R"(metric name already set while parsing: "a{\"b\"}")"},
      {"{\"a\",\"b\"} 1", R"(metric name already set while parsing: "{\"a\",\"b\"}")"},
      {"{A} 0\n", R"(expected equal, got "} " ("BCLOSE") while parsing: "{A} ")"},
      {"a 1 NaN", "invalid timestamp NaN"},
      {"a 1 -Inf", "invalid timestamp -Inf"},
      {"a 1 Inf", "invalid timestamp +Inf"},
      {"a 1e400\n",
       R"(strconv.ParseFloat: parsing "1e400": value out of range while parsing: "a 1e400")"},
      {"a 1 \n# EOF\n",
       R"(expected a valid start token, got "\n" ("LINEBREAK") while parsing: "\n")"},
      {"a 1 # x\n# EOF\n",
       R"(expected a valid start token, got "x" ("INVALID") while parsing: "x")"},
      {"# comment\n# EOF\n",
       R"(expected a valid start token, got "# c" ("INVALID") while parsing: "# c")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.page);
    CHECK(ErrorOf(row.page) == row.error);
  }
}

TEST_CASE("what is wrong with an exemplar fails its page", "[openmetrics]") {
  const std::vector<Row> rows = {
      {"m 1 # {aa=bb}\n# EOF\n",
       R"(expected label value, got "b" ("INVALID") while parsing: "m 1 # {aa=b")"},
      {"m 1 # {aa=\"bb\"}\n# EOF\n", R"(expected value after exemplar labels, got "\n" ("INVALID"))"
                                     R"( while parsing: "m 1 # {aa=\"bb\"}\n")"},
      {"m 1 # {aa=\"bb\"}", R"(expected value after exemplar labels, got "}" ("EOF"))"
                            R"( while parsing: "m 1 # {aa=\"bb\"}")"},
      {"m 1 # {bb}", R"(expected label name, got "}" ("BCLOSE") while parsing: "m 1 # {bb}")"},
      {"m 1 # {bb, a=\"dd\"}",
       R"(expected label name, got ", " ("COMMA") while parsing: "m 1 # {bb, ")"},
      {"m 1 # {aa=\"bb\",,cc=\"dd\"} 1",
       R"(expected label name, got ",c" ("COMMA") while parsing: "m 1 # {aa=\"bb\",,c")"},
      {"m 1 # {aa=\"bb\"} 1_2",
       R"(unsupported character in float while parsing: "m 1 # {aa=\"bb\"} 1_2")"},
      {"m 1 # {aa=\"bb\"} 0x1p-3",
       R"(unsupported character in float while parsing: "m 1 # {aa=\"bb\"} 0x1p-3")"},
      {"m 1 # {aa=\"bb\"} true", R"(strconv.ParseFloat: parsing "true": invalid syntax)"
                                 R"( while parsing: "m 1 # {aa=\"bb\"} true")"},
      {"m 1 # {aa=\"bb\",cc=}",
       R"(expected label value, got "}" ("INVALID") while parsing: "m 1 # {aa=\"bb\",cc=}")"},
      {"m 1 # {aa=\\\"\xff\\\"} 9.0",
       R"(expected label value, got "\\" ("INVALID") while parsing: "m 1 # {aa=\\")"},
      {"m 1 # {aa=\"\xff\"} 9.0\n", R"(invalid UTF-8 label value: "\"\xff\"")"},
      {"h{le=\"+Inf\"} 1 # {aa=\"bb\"} 4 NaN", "invalid exemplar timestamp NaN"},
      {"h{le=\"+Inf\"} 1 # {aa=\"bb\"} 4 -Inf", "invalid exemplar timestamp -Inf"},
      {"m 1 # {} 4 5 6\n",
       R"(expected next entry after exemplar timestamp, got " 6\n" ("TIMESTAMP"))"
       R"( while parsing: "m 1 # {} 4 5 6\n")"},
      {"m 1 # {a=\"x\ny\"} 4\n",
       R"(expected label value, got "\"x\n" ("INVALID") while parsing: "m 1 # {a=\"x\n")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.page);
    CHECK(ErrorOf(row.page) == row.error);
  }
}

TEST_CASE("NUL bytes stand in label values and texts only", "[openmetrics]") {
  const std::vector<Row> rows = {
      {"a{b=\0\"ssss\"} 1\n# EOF\n"sv,
       R"(expected label value, got "\x00" ("INVALID") while parsing: "a{b=\x00")"},
      {"a{b=\"\0"sv,
       R"(expected label value, got "\"\x00" ("INVALID") while parsing: "a{b=\"\x00")"},
      {"a{b\0=\"hiih\"}\t1"sv,
       R"(expected equal, got "\x00" ("INVALID") while parsing: "a{b\x00")"},
      {"a\0{b=\"ddd\"} 1"sv,
       R"(expected value after metric, got "\x00" ("INVALID") while parsing: "a\x00")"},
      {"#", R"(expected a valid start token, got "#" ("INVALID") while parsing: "#")"},
      {"# H", R"(expected a valid start token, got "# H" ("INVALID") while parsing: "# H")"},
      {"custom_metric_total 1 # {b=\0\"ssss\"} 1\n"sv,
       R"(expected label value, got "\x00" ("INVALID"))"
       R"( while parsing: "custom_metric_total 1 # {b=\x00")"},
      {"custom_metric_total 1 # {b=\"\0ss\"} 1\n"sv,
       R"(expected label value, got "\"\x00" ("INVALID"))"
       R"( while parsing: "custom_metric_total 1 # {b=\"\x00")"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.page);
    CHECK(ErrorOf(row.page) == row.error);
  }
}

TEST_CASE("the parts of an OpenMetrics sample are read", "[openmetrics]") {
  OpenMetricsParser parser;
  const Entry entry = ParseOne(parser,
                               "my:metric{a=\"1\\\\\\\"\\n\\q\",\"b c\"=\"2\",} 42.5 "
                               "1520879607.7899 # {id=\"\\n\"} 5 1.5\n");
  CHECK(entry.kind == EntryKind::kSample);
  CHECK(entry.name == "my:metric");
  CHECK(entry.labels == std::vector<LabelView>{{"a", "1\\\"\n\\q"}, {"b c", "2"}});
  CHECK(entry.value == 42.5);
  CHECK(entry.has_timestamp);
  CHECK(entry.timestamp_ms == 1520879607789);
  REQUIRE(entry.exemplars.size() == 1);
  CHECK(entry.exemplars[0].labels == std::vector<LabelView>{{"id", "\\n"}});
  CHECK(entry.exemplars[0].value == 5);
  CHECK(entry.exemplars[0].has_timestamp);
  CHECK(entry.exemplars[0].timestamp_ms == 1500);
}

TEST_CASE("the rest of a sample is read as the whole of it is", "[openmetrics]") {
  OpenMetricsParser parser;
  Entry entry;
  REQUIRE(parser.ParseRest(" 2 # {a=\"b\"} 3\n", entry).ok());
  CHECK(entry.value == 2);
  CHECK_FALSE(entry.has_timestamp);
  REQUIRE(entry.exemplars.size() == 1);
  CHECK(entry.exemplars[0].labels == std::vector<LabelView>{{"a", "b"}});
  CHECK_FALSE(entry.exemplars[0].has_timestamp);
  REQUIRE(parser.ParseRest(" 3 4\n", entry).ok());
  CHECK(entry.timestamp_ms == 4000);
  CHECK(entry.exemplars.empty());
  CHECK_FALSE(parser.ParseRest(" 3\t4\n", entry).ok());
  CHECK_FALSE(parser.ParseRest(" 3", entry).ok());
}

TEST_CASE("metadata lines give family, type, help text and unit", "[openmetrics]") {
  OpenMetricsParser parser;
  Entry entry = ParseOne(parser, "# HELP help2 escape \\ \\n \\\\ \\\" \\x chars\n");
  CHECK(entry.kind == EntryKind::kHelp);
  CHECK(entry.name == "help2");
  CHECK(entry.help == "escape \\ \n \\ \" \\x chars");
  entry = ParseOne(parser, "# TYPE g gaugehistogram\n");
  CHECK(entry.type == MetricType::kGaugeHistogram);
  entry = ParseOne(parser, "# UNIT \"a.b_seconds\" seconds\n");
  CHECK(entry.kind == EntryKind::kUnit);
  CHECK(entry.name == "a.b_seconds");
  CHECK(entry.unit == "seconds");
}

TEST_CASE("seconds are cut to milliseconds, as far as these reach", "[openmetrics]") {
  OpenMetricsParser parser;
  CHECK(ParseOne(parser, "a 1 1.9999\n").timestamp_ms == 1999);
  CHECK(ParseOne(parser, "a 1 -1.9999\n").timestamp_ms == -1999);
  CHECK(ParseOne(parser, "a 1 1e300\n").timestamp_ms == std::numeric_limits<int64_t>::min());
  CHECK(ParseOne(parser, "a 1 -1e300\n").timestamp_ms == std::numeric_limits<int64_t>::min());
}

TEST_CASE("the end of an OpenMetrics entry is found wherever its bytes are cut", "[openmetrics]") {
  const std::vector<std::string_view> entries = {"a 1\n",
                                                 "a{b=\"x\\\"\\n\"} 1 # {a=\"}{\"} 1\n",
                                                 "# HELP \"q\nq\" te\"xt\n",
                                                 "# TYPE q te\"xt\n",
                                                 "# comment \" {\n",
                                                 "{\"a\nb\"} 1\n",
                                                 "{l=\"}\",\"a\n\\\"b\"=\"c\"} 1\n",
                                                 "a{b=\"never closed\n",
                                                 "a{b= \"\n",
                                                 "a b{\"\n",
                                                 "\n"};
  for (const std::string_view entry : entries) {
    CAPTURE(entry);
    for (size_t cut = 0; cut < entry.size(); ++cut) {
      OpenMetricsScanner scanner;
      CHECK(scanner.FindEnd(entry.substr(0, cut)) == std::string_view::npos);
      CHECK(scanner.FindEnd(entry.substr(cut)) == entry.size() - cut - 1);
    }
  }
}

}  // namespace
}  // namespace sluice::scrape
