// Pages in OpenMetrics text, scrape after scrape.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

using Lines = std::vector<std::string>;

constexpr TimestampMs kStart = 1'700'000'000'000;
constexpr TimestampMs kIntervalMs = 15'000;

// A target of which a receiver sees sorted lines, without the report.
class Target {
 public:
  // In pieces that end at these offsets.
  Lines Scrape(PageFormat format, std::string_view body, const std::vector<size_t>& cuts = {}) {
    now_ms_ += kIntervalMs;
    error_.clear();
    page_.Begin(now_ms_, now_ms_);
    if (!body.empty()) page_.SetFormat(format);
    Status status;
    size_t from = 0;
    for (const size_t cut : cuts) {
      status = page_.Feed(body.substr(from, cut - from));
      if (!status.ok()) return Fail(status.error());
      from = cut;
    }
    status = page_.Feed(body.substr(from));
    if (!status.ok()) return Fail(status.error());
    const auto result = page_.Succeed({});
    return result.ok() ? LinesOf(*result) : Fail(result.error());
  }

  Lines Scrape(std::string_view body) { return Scrape(PageFormat::kOpenMetrics, body); }

  const std::string& error() const { return error_; }

  Page& page() { return page_; }

  // Of the last scrape.
  const Lines& exemplars() const { return exemplars_; }

  // Of the series with this text: name, type, help and unit.
  std::string FamilyOf(std::string_view series) {
    for (const auto& [text, family] : test::SeriesOf(*page_.layout(), {})) {
      if (text == series) return family;
    }
    return "(none)";
  }

 private:
  Lines Fail(const Error& error) {
    error_ = error.message;
    return LinesOf(page_.Fail(Page::Failure::kContent, {}));
  }

  Lines LinesOf(const PageResult& result) {
    exemplars_ = test::ExemplarsOf(result.frames, {}, now_ms_);
    Lines lines;
    for (const test::Seen& seen : test::SamplesOf(result.frames, {})) {
      const bool is_report = seen.series.starts_with("{__name__=\"up\"") ||
                             seen.series.starts_with("{__name__=\"scrape_");
      if (is_report) continue;
      lines.push_back(test::Describe(seen.timestamp_ms - now_ms_, seen.series, seen.value_bits));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  Page page_{{}, {MakeReportChunk()}};
  TimestampMs now_ms_ = kStart;
  std::string error_;
  Lines exemplars_;
};

TEST_CASE("an OpenMetrics page may be cut anywhere", "[openmetrics_page]") {
  const std::string_view body =
      "# TYPE h histogram\n# UNIT h \n# HELP h Say \\\"x\\\"\n"
      "h_bucket{le=\"1\",b=\"}\"} 2 # {t=\"}\"} 1 2.5\n"
      "{\"new\nline\",c=\"d\"} 3e0 1700000001.5 # {} 4\n"
      "# TYPE \"q\nq\" gauge\n{\"q\nq\"} NaN\na 1\n# EOF\n";
  const Lines expected = {
      "{__name__=\"a\"} 1.0 @0", "{__name__=\"h_bucket\", b=\"}\", le=\"1.0\"} 2.0 @0",
      "{__name__=\"new\\nline\", c=\"d\"} 3.0 @-13500", "{__name__=\"q\\nq\"} nan @0"};
  for (size_t first = 0; first < body.size(); ++first) {
    const size_t second = first + (body.size() - first) / 2;
    CAPTURE(first, second);
    Target target;
    CHECK(target.Scrape(PageFormat::kOpenMetrics, body, {first, second}) == expected);
    // And once more, as a page that is known. The sample with a time of its own is the same again.
    Lines again = expected;
    again.erase(again.begin() + 2);
    CHECK(target.Scrape(PageFormat::kOpenMetrics, body, {first, second}) == again);
    CHECK(target.page().series_count() == 4);
  }
}

TEST_CASE("the mark must end an OpenMetrics page, however it is cut", "[openmetrics_page]") {
  Target target;
  CHECK(target.Scrape("a 1\n# EOF").size() == 1);
  for (size_t cut = 0; cut < 11; ++cut) {
    CAPTURE(cut);
    target.Scrape(PageFormat::kOpenMetrics, "a 1\n# EOF\n\n", {cut});
    CHECK(target.error() == "line 3: unexpected data after # EOF");
    target.Scrape(PageFormat::kOpenMetrics, "a 1\n# EO", {std::min<size_t>(cut, 8)});
    CHECK_FALSE(target.error().empty());
    target.Scrape(PageFormat::kOpenMetrics, "a 1\n", {std::min<size_t>(cut, 4)});
    CHECK(target.error() == "line 2: data does not end with # EOF");
    CHECK(target.Scrape(PageFormat::kOpenMetrics, "a 1\n# EOF\n", {std::min<size_t>(cut, 10)}) ==
          Lines{"{__name__=\"a\"} 1.0 @0"});
  }
}

TEST_CASE("a page that is known is held to its format", "[openmetrics_page]") {
  Target target;
  target.Scrape("a{b=\"c\"} 1\n# EOF\n");
  for (const std::string_view value : {"1\t", "1  2", "1 2 ", "1 # {", "1 #{} 1", "0x1", "1 2 3"}) {
    CAPTURE(value);
    target.Scrape("a{b=\"c\"} " + std::string(value) + "\n# EOF\n");
    CHECK_FALSE(target.error().empty());
  }
  CHECK(target.Scrape("a{b=\"c\"} +1 1700000000 # {} 1\n# EOF\n").size() == 0);  // out of order
  CHECK(target.error().empty());
}

TEST_CASE("another format is no other series", "[openmetrics_page]") {
  Target target;
  CHECK(target.Scrape(PageFormat::kPrometheusText, "a{x=\"1\"} 1\nb 2\n").size() == 2);
  const auto layout = target.page().layout();
  CHECK(target.Scrape("a{x=\"1\"} 3\nb 4\n# EOF\n") ==
        Lines{"{__name__=\"a\", x=\"1\"} 3.0 @0", "{__name__=\"b\"} 4.0 @0"});
  CHECK(target.page().layout() == layout);
  // What was fine before may be ill-formed now.
  target.Scrape(PageFormat::kPrometheusText, "a{x=\"1\"y=\"2\"} 1\n");
  CHECK(target.error().empty());
  target.Scrape("a{x=\"1\"y=\"2\"} 1\n# EOF\n");
  CHECK_THAT(target.error(), Catch::StartsWith("line 1: expected comma or brace close"));
}

TEST_CASE("a page that fails in another format, and an empty one after it, end their series once",
          "[openmetrics_page]") {
  Target target;
  target.Scrape(PageFormat::kPrometheusText, "a 1\nb 2\n");
  CHECK(target.Scrape("a 1\n") == Lines{"{__name__=\"b\"} stale @0"});
  CHECK(target.Scrape(PageFormat::kOpenMetrics, "") == Lines{"{__name__=\"a\"} stale @0"});
  CHECK(target.error().empty());
  CHECK(target.Scrape(PageFormat::kOpenMetrics, "").empty());
}

TEST_CASE("exemplars reach the frame once each", "[openmetrics_page]") {
  Target target;
  const std::string head = "# TYPE h histogram\n";
  target.Scrape(head + "a 1\nh_bucket{le=\"1\"} 1 # {t=\"x\"} 0.5\nh_bucket{le=\"2\"} 1\n# EOF\n");
  CHECK(target.exemplars() == Lines{"{__name__=\"h_bucket\", le=\"1.0\"} # t=x 0.5 @0"});
  const auto layout = target.page().layout();
  target.Scrape(head +
                "a 1\nh_bucket{le=\"1\"} 1 # {t=\"x\"} 0.5\nh_bucket{le=\"2\"} 2 # {t=\"y\"} 1.5\n"
                "# EOF\n");
  CHECK(target.exemplars() == Lines{"{__name__=\"h_bucket\", le=\"2.0\"} # t=y 1.5 @0"});
  CHECK(target.page().layout() == layout);
  // Another series before them moves their slots.
  target.Scrape(head +
                "a 1\nb 1\nh_bucket{le=\"1\"} 2 # {t=\"z\"} 0.7\n"
                "h_bucket{le=\"2\"} 2 # {t=\"y\"} 1.5\n# EOF\n");
  CHECK(target.exemplars() == Lines{"{__name__=\"h_bucket\", le=\"1.0\"} # t=z 0.7 @0"});
  // And one that goes away forgets its own.
  target.Scrape(head + "b 1\nh_bucket{le=\"2\"} 2 # {t=\"y\"} 1.5\n# EOF\n");
  CHECK(target.exemplars().empty());
  target.Scrape(head + "b 1\nh_bucket{le=\"1\"} 2 # {t=\"z\"} 0.7\nh_bucket{le=\"2\"} 2\n# EOF\n");
  CHECK(target.exemplars() == Lines{"{__name__=\"h_bucket\", le=\"1.0\"} # t=z 0.7 @0"});
}

TEST_CASE("exemplars of a scrape that fails do not count as known", "[openmetrics_page]") {
  Target target;
  target.Scrape("a 1\n# EOF\n");
  target.Scrape("a 1 # {t=\"x\"} 1\n");
  CHECK(target.exemplars().empty());
  target.Scrape("a 1 # {t=\"x\"} 1\n# EOF\n");
  CHECK(target.exemplars() == Lines{"{__name__=\"a\"} # t=x 1.0 @0"});
}

TEST_CASE("a unit is part of the family, and a new one changes it", "[openmetrics_page]") {
  Target target;
  target.Scrape(
      "# TYPE a_seconds gaugehistogram\n# UNIT a_seconds seconds\n# HELP a_seconds Help\n"
      "a_seconds_gsum 1\na_seconds_sum 1\n# TYPE b info\nb_info 1\n# EOF\n");
  CHECK(target.FamilyOf("{__name__=\"a_seconds_gsum\"}") == "a_seconds|4|Help|seconds");
  CHECK(target.FamilyOf("{__name__=\"a_seconds_sum\"}") == "|0|");
  CHECK(target.FamilyOf("{__name__=\"b_info\"}") == "b|6|");
  target.Scrape(
      "# TYPE a_seconds gaugehistogram\n# UNIT a_seconds \n# HELP a_seconds Help\n"
      "a_seconds_gsum 1\na_seconds_sum 1\n# TYPE b info\nb_info 1\n# EOF\n");
  CHECK(target.FamilyOf("{__name__=\"a_seconds_gsum\"}") == "a_seconds|4|Help");
}

}  // namespace
}  // namespace sluice::scrape
