// Pages in the text formats whose classic histograms become native ones, scrape after scrape.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "page_target.h"

namespace sluice::scrape {
namespace {

using Lines = std::vector<std::string>;
using Target = test::PageTarget;

SeriesRules Converting(bool always_classic) {
  SeriesRules rules;
  rules.histograms.to_custom_buckets = true;
  rules.histograms.always_classic = always_classic;
  return rules;
}

constexpr auto kText = PageFormat::kPrometheusText;
constexpr auto kOpenMetrics = PageFormat::kOpenMetrics;

TEST_CASE("a histogram of a text page is one sample", "[converting_page]") {
  Target target(Converting(false));
  const std::string page =
      "# HELP a Help.\n# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 5\n"
      "a_sum 7.5\na_count 5\n# TYPE b counter\nb 1\n";
  const Lines expected = {
      "{__name__=\"a\"} {schema:-53, count:5, sum:7.5, (-Inf,1]:2, (1,+Inf]:3} @0",
      "{__name__=\"b\"} 1.0 @0"};
  for (int scrape = 0; scrape < 3; ++scrape) {
    CHECK(target.Scrape(kText, page) == expected);
    CHECK(target.counts().scraped == 2);
    CHECK(target.counts().post_relabel == 2);
    CHECK(target.counts().series_added == (scrape == 0 ? 2 : 0));
  }
  CHECK(target.FamilyOf("{__name__=\"a\"}") == "a|3|Help.");
  CHECK(target.Scrape(kText, "# TYPE a histogram\na_bucket{le=\"1\"} 3\nb 1\n") ==
        Lines{"{__name__=\"a\"} {schema:-53, count:3, sum:0, (-Inf,1]:3} @0",
              "{__name__=\"b\"} 1.0 @0"});
  CHECK(target.Scrape(kText, "b 1\n") ==
        Lines{"{__name__=\"a\"} stale @0", "{__name__=\"b\"} 1.0 @0"});
}

TEST_CASE("classic series stay beside the histogram when they are wanted", "[converting_page]") {
  Target target(Converting(true));
  const std::string page =
      "# TYPE a histogram\na_bucket{le=\"1\"} 2 # {t=\"x\"} 0.5 1700000000.5\na_count 2\n# EOF\n";
  for (int scrape = 0; scrape < 2; ++scrape) {
    CHECK(target.Scrape(kOpenMetrics, page) ==
          Lines{"{__name__=\"a\"} {schema:-53, count:2, sum:0, (-Inf,1]:2} @0",
                "{__name__=\"a_bucket\", le=\"1.0\"} 2.0 @0", "{__name__=\"a_count\"} 2.0 @0"});
    CHECK(target.counts().scraped == 3);
  }
  CHECK(target.Scrape(kOpenMetrics, "# TYPE a histogram\na_count 3\n# EOF\n") ==
        Lines{"{__name__=\"a\"} {schema:-53, count:3, sum:0, (-Inf,+Inf]:3} @0",
              "{__name__=\"a_bucket\", le=\"1.0\"} stale @0", "{__name__=\"a_count\"} 3.0 @0"});
}

TEST_CASE("exemplars with timestamps go to the histogram, and only there", "[converting_page]") {
  Target target(Converting(true));
  target.Scrape(
      kOpenMetrics,
      "# TYPE a histogram\na_bucket{le=\"1\"} 2 # {t=\"x\"} 0.5 1700000015.250\n"
      "a_bucket{le=\"2\"} 2 # {t=\"y\"} 1.5\na_count 2 # {t=\"z\"} 0.25 1700000015\n# EOF\n");
  CHECK(target.exemplars() ==
        Lines{"{__name__=\"a\"} # t=z 0.25 @0", "{__name__=\"a\"} # t=x 0.5 @250"});
}

TEST_CASE("a comment ends a histogram, and a blank line does not", "[converting_page]") {
  const std::string head = "# TYPE a histogram\na_bucket{le=\"1\"} 2\n";
  Target blank(Converting(false));
  CHECK(blank.Scrape(kText, head + " \t\n\na_count 5\n") ==
        Lines{"{__name__=\"a\"} {schema:-53, count:5, sum:0, (-Inf,1]:2, (1,+Inf]:3} @0"});
  CHECK(blank.counts().duplicate == 0);
  Target comment(Converting(false));
  CHECK(comment.Scrape(kText, head + "  # a comment\na_count 5\n") ==
        Lines{"{__name__=\"a\"} {schema:-53, count:2, sum:0, (-Inf,1]:2} @0"});
  CHECK(comment.counts().scraped == 2);
  CHECK(comment.counts().duplicate == 1);
}

TEST_CASE("a malformed histogram is neither converted nor kept, but counted", "[converting_page]") {
  Target target(Converting(false));
  const std::string page =
      "# TYPE a histogram\na_bucket{le=\"1\"} 2\na_bucket{le=\"+Inf\"} 1\nb 1\n";
  CHECK(target.Scrape(kText, page) == Lines{"{__name__=\"b\"} 1.0 @0"});
  CHECK(target.counts().malformed_histograms == 1);
  CHECK(target.counts().scraped == 1);
  CHECK(target.Scrape(kText, "# TYPE a histogram\na_sum 1\n") ==
        Lines{"{__name__=\"b\"} stale @0"});
  CHECK(target.counts().malformed_histograms == 1);
}

TEST_CASE("a histogram under construction is lost when the page turns out to be ill-formed",
          "[converting_page]") {
  Target target(Converting(false));
  CHECK(target.Scrape(kText, "# TYPE a histogram\na_count 1\nbroken{\n").empty());
  CHECK(target.error() ==
        "line 3: expected label name, got \"\\n\" (\"LINEBREAK\") while parsing: "
        "\"broken{\"");
  CHECK(target.counts().scraped == 0);
  CHECK(target.Scrape(kOpenMetrics, "# TYPE a histogram\na_count 1\n").empty());
  CHECK(target.error() == "line 3: data does not end with # EOF");
}

TEST_CASE("rules and limits hold for what was converted alone", "[converting_page]") {
  const std::string page =
      "# TYPE a histogram\na_bucket{x=\"1\",le=\"1\"} 2\na_count{x=\"1\"} 2\na_count{x=\"2\"} 2\n";
  SeriesRules rules = Converting(false);
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__name__"};
  rule.regex = "a_.*";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  rules.metric_relabel = *program;
  rules.sample_limit = 2;
  Target target(rules);
  CHECK(target.Scrape(kText, page) ==
        Lines{"{__name__=\"a\", x=\"1\"} {schema:-53, count:2, sum:0, (-Inf,1]:2} @0",
              "{__name__=\"a\", x=\"2\"} {schema:-53, count:2, sum:0, (-Inf,+Inf]:2} @0"});
  rules.sample_limit = 1;
  Target limited(rules);
  CHECK(limited.Scrape(kText, page).empty());
  CHECK(limited.error() == "sample limit exceeded");
  CHECK(limited.counts().scraped == 2);
}

}  // namespace
}  // namespace sluice::scrape
