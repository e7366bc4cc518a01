// The accept and reject rows follow the tables of Prometheus's own text parser.
#include "scrape/text_parser.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/frame.h"
#include "scrape/entry_scanner.h"
#include "scrape/number.h"

namespace sluice::scrape {
namespace {

using namespace std::string_view_literals;

// What is wrong with a page, or "" when it parses.
std::string ErrorOf(std::string_view page) {
  std::string text(page);
  if (!text.ends_with('\n')) text += '\n';
  TextParser parser;
  Entry entry;
  for (size_t at = 0; at < text.size();) {
    EntryScanner scanner;
    const std::string_view rest = std::string_view(text).substr(at);
    size_t size = scanner.FindEnd(rest);
    if (size == std::string_view::npos) size = rest.size();
    const Status status = parser.Parse(rest.substr(0, size), entry);
    if (!status.ok()) return status.error().message;
    if (entry.kind == EntryKind::kEnd) return "";
    at += size + 1;
  }
  return "";
}

Entry ParseOne(TextParser& parser, std::string_view text) {
  Entry entry;
  CAPTURE(text);
  REQUIRE(parser.Parse(text, entry).ok());
  return entry;
}

double ValueOf(std::string_view text) {
  double value = 0;
  CAPTURE(text);
  REQUIRE(ParseValue(text, value));
  return value;
}

TEST_CASE("a page that Prometheus accepts is accepted", "[text_parser]") {
  const std::vector<std::string_view> pages = {
      "",
      "\n\n",
      "a 1",
      "a 1\n",
      "  a 1 ",
      "\ta\t1\t\n",
      "a{} 1",
      "a { b = \"c\" , } 1",
      "a{b=\"c\"}1",
      "a{b=\"c\"d=\"e\"} 1",    // a missing comma
      "a{b=\"c\",} 1",          // a trailing one
      "a{b=\"line\nline\"} 1",  // a newline inside quotes
      "a{b=\"\\q\"} 1",         // an unknown escape
      "{\"metric.name\"} 1",
      "{\"metric.name\",l=\"v\"} 1",
      "{l=\"v\",\"metric.name\"} 1",
      "name{\"quoted.label\"=\"v\"} 1",
      "a 1 1234567",
      "#comment\n# another\n#HELP x\n# EOF\n# UNIT a b\n#\n# \n# HELP",
      "# HELP a",
      "# HELP a ",
      "# HELP a some \\\\ text \\n with escapes \\\"",
      "# HELP \"a b\" text",
      "# TYPE a counter\n# TYPE a gauge",
      "# TYPE a histogram\n# TYPE b summary\n# TYPE c untyped",
      "# TYPE \t a counter",
      "a{b=\"abc\0\"} 1"sv,
      "a{b=\"\0ss\"} 1"sv,
      "# HELP a \0"sv,
      "a 1\n\0 what follows does not count }}}"sv,
  };
  for (const std::string_view page : pages) {
    CAPTURE(page);
    CHECK(ErrorOf(page).empty());
  }
}

TEST_CASE("a page that Prometheus rejects is rejected with its words", "[text_parser]") {
  struct Row {
    std::string_view page;
    std::string_view words;
  };

  const std::vector<Row> rows = {
      {"a", "expected value after metric"},
      {"a\n", "expected value after metric"},
      {"a{b='c'} 1", "expected label value, got \"'\" (\"INVALID\") while parsing: \"a{b='\""},
      {"a{b=\n", "expected label value"},
      {"a{\xff=\"foo\"} 1", "expected label name"},
      {"a{b=\"\xff\"} 1", "invalid UTF-8 label value"},
      {"{\"a\", \"b = \"c\"}", "expected equal"},
      {"{\"a\",b\\nc=\"d\"} 1", "expected equal"},
      {"a true", "strconv.ParseFloat: parsing \"true\": invalid syntax"},
      {"something_weird{problem=\"", "expected label value"},
      {"empty_label_name{=\"\"} 0", "expected label name"},
      {"{A}0", "expected equal"},
      {"foo 1_2", "unsupported character in float"},
      {"foo 0x1p-3", "unsupported character in float"},
      {"foo 0x1P-3", "unsupported character in float"},
      {"foo 0 1_2", "expected next entry after timestamp"},
      {"{a=\"ok\"} 1", "metric name not set"},
      {"{\"a\",\"b\"} 1", "metric name already set"},
      {"a{\"b\"} 1", "metric name already set"},
      {"# TYPE #", "expected metric name after TYPE, got \"#\" (\"INVALID\")"},
      {"# HELP #", "expected metric name after HELP"},
      {"# TYPE a  counter", "invalid metric type \" counter\""},
      {"# TYPE a counter ", "invalid metric type \"counter \""},
      {"# TYPE a", "invalid metric type \"\""},
      {"# TYPE a unknown", "invalid metric type"},
      {"# TYPE a info", "invalid metric type"},
      {"# HELP a \xff", "is not a valid utf8 string"},
      {"a 1\r\n", "invalid syntax"},
      {"a 1e400", "strconv.ParseFloat: parsing \"1e400\": value out of range"},
      {"a nan(1)", "invalid syntax"},
      {"a -NaN", "invalid syntax"},
      {"a 0x10", "invalid syntax"},
      {"a 1 -5", "expected timestamp or new record"},
      {"a 1 1.5", "expected next entry after timestamp"},
      {"a 1 99999999999999999999", "value out of range"},
      {"a 1 2 3", "expected next entry after timestamp"},
      {"a 1 # comment", "expected timestamp or new record"},
      {"a 1{", "expected timestamp or new record"},
      {"a{,b=\"c\"} 1", "expected label name"},
      {"a{b=\"c\",,d=\"e\"} 1", "expected label name"},
      {"9a 1", "expected a valid start token"},
      {"a{b=\0\"x\"} 1"sv, "expected label value"},
      {"a{b=\"\0"sv, "expected label value"},
      {"a{b\0=\"x\"} 1"sv, "expected equal"},
      {"a\0{b=\"c\"} 1"sv, "invalid syntax"},
      {"a 0 1\0"sv, "expected next entry after timestamp"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.page);
    CHECK_THAT(ErrorOf(row.page), Catch::Contains(std::string(row.words)));
  }
}

TEST_CASE("a sample's parts are read with their escapes undone", "[text_parser]") {
  TextParser parser;
  const Entry entry =
      ParseOne(parser, "my:metric{a=\"1\\\\\\\"\\n\\q\",\"b c\"=\"2\",} 42.5 1395066363000");
  CHECK(entry.kind == EntryKind::kSample);
  CHECK(entry.name == "my:metric");
  REQUIRE(entry.labels.size() == 2);
  CHECK(entry.labels[0] == buffer::LabelView{"a", "1\\\"\n\\q"});
  CHECK(entry.labels[1] == buffer::LabelView{"b c", "2"});
  CHECK(entry.value == 42.5);
  CHECK(entry.has_timestamp);
  CHECK(entry.timestamp_ms == 1395066363000);
}

TEST_CASE("a quoted metric name may stand anywhere in the braces", "[text_parser]") {
  TextParser parser;
  const Entry entry = ParseOne(parser, "{a=\"b\", \"my.metric\", c=\"d\"} 1");
  CHECK(entry.name == "my.metric");
  CHECK(entry.labels.size() == 2);
  CHECK_FALSE(entry.has_timestamp);
}

TEST_CASE("metadata lines give family, type and help text", "[text_parser]") {
  TextParser parser;
  Entry entry = ParseOne(parser, "# HELP a_b  two blanks \\\\ and \\n \\\"");
  CHECK(entry.kind == EntryKind::kHelp);
  CHECK(entry.name == "a_b");
  CHECK(entry.help == " two blanks \\ and \n \\\"");
  entry = ParseOne(parser, "# TYPE a_b summary");
  CHECK(entry.kind == EntryKind::kType);
  CHECK(entry.type == buffer::MetricType::kSummary);
  entry = ParseOne(parser, "# HELP a_b    ");
  CHECK(entry.help.empty());
  CHECK(ParseOne(parser, "# HELPS a_b x").kind == EntryKind::kNothing);
  CHECK(ParseOne(parser, "# a \0 b"sv).kind == EntryKind::kEnd);
}

TEST_CASE("values are what Go's ParseFloat makes of them", "[number]") {
  CHECK(ValueOf("1") == 1);
  CHECK(ValueOf("+1") == 1);
  CHECK(ValueOf("-0") == 0);
  CHECK(std::signbit(ValueOf("-0")));
  CHECK(ValueOf(".5") == 0.5);
  CHECK(ValueOf("5.") == 5);
  CHECK(ValueOf("007") == 7);
  CHECK(ValueOf("1e3") == 1000);
  CHECK(ValueOf("1E-3") == 0.001);
  CHECK(ValueOf("1e-400") == 0);
  CHECK(ValueOf("4.9e-324") == std::numeric_limits<double>::denorm_min());
  CHECK(ValueOf("1.7976931348623157e308") == std::numeric_limits<double>::max());
  CHECK(ValueOf("Inf") == std::numeric_limits<double>::infinity());
  CHECK(ValueOf("+inf") == std::numeric_limits<double>::infinity());
  CHECK(ValueOf("-Infinity") == -std::numeric_limits<double>::infinity());
  const double nan = ValueOf("NaN");
  uint64_t bits = 0;
  std::memcpy(&bits, &nan, sizeof bits);
  CHECK(bits == buffer::kNormalNanBits);
  double value = 0;
  for (const std::string_view bad : {"", "+", "-", ".", "e5", "1e", "1e+", "+-1", "--1", "1 ", " 1",
                                     "+nan", "infi", "1e309", "-1e309", "0x1", "1_0"}) {
    CAPTURE(bad);
    CHECK_FALSE(ParseValue(bad, value));
  }
}

TEST_CASE("the short way to read a value agrees with the long one to the last bit", "[number]") {
  const std::vector<std::string> texts = {"0",
                                          "-0",
                                          "1",
                                          "-1",
                                          "9007199254740992",
                                          "9007199254740993",
                                          "0.1",
                                          "-0.3",
                                          "1.5e9",
                                          "1e22",
                                          "123456789.123456",
                                          "0.000001",
                                          "3e-7",
                                          "5.",
                                          ".5",
                                          "-.25",
                                          "999999999999999999",
                                          "9999999999999999999999",
                                          "1.7976931348623157e308",
                                          "2.2250738585072014e-308",
                                          "0.30000000000000004",
                                          "12345678901234567.8",
                                          "00000000000000000000001",
                                          "1e5",
                                          "6.02e+23",
                                          "1.23456789012e+09",
                                          "-4e-05",
                                          "7e+22",
                                          "7e+23",
                                          "9007199254740993e+01",
                                          "1.5e-22",
                                          "1.5e-21",
                                          "1e+009",
                                          "1e+0009",
                                          "0e+99"};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const std::string line = text + "\n";
    double common = -77;
    const char* const end = ParseCommonValue(line.data(), line.data() + line.size(), common);
    REQUIRE(end == line.data() + text.size());
    const double exact = ValueOf(text);
    CHECK(std::memcmp(&common, &exact, sizeof exact) == 0);
  }
  for (const std::string text : {"", "-", ".", "NaN\n", "+Inf\n", "1", "1.5", "1x\n", "1{\n", "-\n",
                                 "1e\n", "1e+\n", "1e+09"}) {
    CAPTURE(text);
    double common = 0;
    CHECK(ParseCommonValue(text.data(), text.data() + text.size(), common) == nullptr);
  }
}

TEST_CASE("the short way agrees with the long one on random values of all lengths", "[number]") {
  std::mt19937_64 random(std::random_device{}());

  struct Form {
    std::chars_format format;
    int precision;
  };

  const std::vector<Form> forms = {
      {std::chars_format::fixed, 0},       {std::chars_format::fixed, 3},
      {std::chars_format::general, 17},    {std::chars_format::general, 6},
      {std::chars_format::scientific, 12}, {std::chars_format::scientific, 2}};
  for (int i = 0; i < 50'000; ++i) {
    const double number = std::ldexp(static_cast<double>(random() % (1ULL << 54)),
                                     static_cast<int>(random() % 120) - 90);
    const Form& form = forms[random() % forms.size()];
    std::array<char, 400> text;
    const auto printed =
        std::to_chars(text.data(), text.data() + text.size(), number, form.format, form.precision);
    const std::string line = std::string(text.data(), printed.ptr) + "\n";
    CAPTURE(line);
    double common = 0;
    const double exact = ValueOf(std::string_view(line).substr(0, line.size() - 1));
    const char* const end = ParseCommonValue(line.data(), line.data() + line.size(), common);
    REQUIRE(end == line.data() + line.size() - 1);
    REQUIRE(std::memcmp(&common, &exact, sizeof exact) == 0);
  }
}

TEST_CASE("le and quantile get the spelling of OpenMetrics under their type only", "[number]") {
  using buffer::MetricType;
  CHECK(RespelledValue({"le", "1"}, MetricType::kHistogram) == "1.0");
  CHECK(RespelledValue({"le", "1e3"}, MetricType::kHistogram) == "1000.0");
  CHECK(RespelledValue({"le", "1000000"}, MetricType::kHistogram) == "1e+06");
  CHECK(RespelledValue({"le", "0.00001"}, MetricType::kHistogram) == "1e-05");
  CHECK(RespelledValue({"le", "inf"}, MetricType::kHistogram) == "+Inf");
  CHECK(RespelledValue({"le", "0"}, MetricType::kHistogram) == "0.0");
  CHECK(RespelledValue({"quantile", ".5"}, MetricType::kSummary) == "0.5");
  CHECK(RespelledValue({"le", "+Inf"}, MetricType::kHistogram).empty());
  CHECK(RespelledValue({"le", "0.25"}, MetricType::kHistogram).empty());
  CHECK(RespelledValue({"le", "x"}, MetricType::kHistogram).empty());
  CHECK(RespelledValue({"le", "1"}, MetricType::kSummary).empty());
  CHECK(RespelledValue({"quantile", "1"}, MetricType::kGauge).empty());
}

TEST_CASE("the end of an entry is found wherever its bytes are cut", "[text_parser]") {
  const std::vector<std::string_view> entries = {
      "a 1\n",          "a{b=\"x\ny\\\"\n\"} 1\n",    "# HELP \"q\nq\" text\n", "# comment \" {\n",
      "{\"a\nb\"} 1\n", "#\tTYPE\t\"x\n\" counter\n", " a { b = \"}\n\" } 2\n", "\n"};
  for (const std::string_view entry : entries) {
    CAPTURE(entry);
    for (size_t cut = 0; cut < entry.size(); ++cut) {
      EntryScanner scanner;
      CHECK(scanner.FindEnd(entry.substr(0, cut)) == std::string_view::npos);
      CHECK(scanner.FindEnd(entry.substr(cut)) == entry.size() - cut - 1);
    }
  }
}

}  // namespace
}  // namespace sluice::scrape
