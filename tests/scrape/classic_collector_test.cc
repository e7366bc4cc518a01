// The classic series of a page, on their way to native histograms.
#include "scrape/classic_collector.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "scrape/text_dialect.h"

namespace sluice::scrape {
namespace {

using Lines = std::vector<std::string>;

std::string Text(double value) { return Catch::Detail::stringify(value); }

std::string Describe(const Entry& entry) {
  const proto::NativeHistogram& histogram = *entry.histogram;
  std::string text(entry.name);
  for (const buffer::LabelView& label : entry.labels) {
    text.append(" ").append(label.name).append("=").append(label.value);
  }
  text += " count " +
          (histogram.is_float ? Text(histogram.float_count) : std::to_string(histogram.count));
  text += " sum " + Text(histogram.sum) + " bounds";
  for (const double bound : histogram.custom_values) text += " " + Text(bound);
  if (entry.has_timestamp) text += " @" + std::to_string(entry.timestamp_ms);
  for (const ExemplarView& exemplar : entry.exemplars) {
    text += " #";
    for (const buffer::LabelView& label : exemplar.labels) {
      text.append(label.name).append("=").append(label.value).append(" ");
    }
    text += Text(exemplar.value) + "@" + std::to_string(exemplar.timestamp_ms);
  }
  return text;
}

// What comes of these OpenMetrics lines: the text of those that stay, and histograms.
struct Converted {
  Lines lines;
  uint64_t malformed = 0;
  std::string last_key;
};

Converted Convert(const Lines& page) {
  Converted converted;
  ClassicCollector collector;
  const auto give = [&](const Entry* entry) {
    if (entry == nullptr) return;
    converted.lines.push_back(Describe(*entry));
    converted.last_key = collector.key();
  };
  for (std::string line : page) {
    line += '\n';
    OpenMetricsParser parser;
    Entry entry;
    REQUIRE(OpenMetricsText::Parse(parser, line, entry).ok());
    give(collector.Before(entry));
    if (collector.Take(entry)) continue;
    converted.lines.push_back(line.substr(0, line.size() - 1));
  }
  give(collector.Finish());
  converted.malformed = collector.malformed_histograms();
  return converted;
}

TEST_CASE("the series of a histogram become one entry where they end", "[classic_collector]") {
  const Converted converted = Convert({
      "# TYPE a histogram",
      "a_bucket{x=\"1\",le=\"0.5\"} 2",
      "a_bucket{x=\"1\",le=\"+Inf\"} 5",
      "a_sum{x=\"1\"} 7.5",
      "a_count{x=\"1\"} 5",
      "a_count{x=\"2\"} 1",
      "a_sum{x=\"2\"} 9",
      "a_bucket{le=\"1.0\",x=\"2\"} 0",
      "b 1",
      "# EOF",
  });
  CHECK(converted.lines == Lines{"# TYPE a histogram", "a x=1 count 5 sum 7.5 bounds 0.5",
                                 "a x=2 count 1 sum 9.0 bounds 1.0", "b 1", "# EOF"});
  CHECK(converted.malformed == 0);
}

TEST_CASE("only series under the TYPE of their own histogram are collected",
          "[classic_collector]") {
  const Lines page = {
      "a_bucket{le=\"1.0\"} 1",
      "# TYPE a gaugehistogram",
      "a_bucket{le=\"1.0\"} 1",
      "# TYPE b histogram",
      "a_bucket{le=\"1.0\"} 1",
      "b 1",
      "b_bucket 1",
      "b_bucket{le=\"\"} 1",
      "b_bucket{le=\"NaN\"} 1",
      "b_bucket{le=\"x\"} 1",
      "b_created 1",
      "bb_count 1",
      "# TYPE b counter",
      "b_count 1",
  };
  CHECK(Convert(page).lines == page);
}

TEST_CASE("what is collected ends at other labels, another name and any metadata",
          "[classic_collector]") {
  const std::string next = GENERATE(
      as<std::string>(), "a_count{x=\"1\"} 1", "# HELP a Help.", "# UNIT a ", "# HELP b Help.",
      "# TYPE a histogram", "# TYPE b gauge", "a_created 1", "c 1", "c_bucket{le=\"1.0\"} 1");
  CAPTURE(next);
  const Converted converted = Convert({"# TYPE a histogram", "a_count 3", next, "a_count 4"});
  REQUIRE(converted.lines.size() > 2);
  CHECK(converted.lines[1] == "a count 3 sum 0.0 bounds");
}

TEST_CASE("what is collected goes on behind series of the same labels that are none of it",
          "[classic_collector]") {
  CHECK(Convert({"# TYPE a histogram", "a_count{x=\"1\"} 3", "a{x=\"1\"} 1", "a_sum{x=\"1\"} 4",
                 "a_bucket{le=\"NaN\",x=\"1\"} 1"})
            .lines == Lines{"# TYPE a histogram", "a{x=\"1\"} 1", "a_bucket{le=\"NaN\",x=\"1\"} 1",
                            "a x=1 count 3 sum 4.0 bounds"});
}

TEST_CASE("labels are the same in whatever order", "[classic_collector]") {
  CHECK(Convert({"# TYPE a histogram", "a_count{y=\"2\",x=\"1\"} 3", "a_sum{x=\"1\",y=\"2\"} 4",
                 "a_bucket{x=\"1\",le=\"1\",y=\"2\"} 1"})
            .lines == Lines{"# TYPE a histogram", "a y=2 x=1 count 3 sum 4.0 bounds 1.0"});
  CHECK(Convert({"# TYPE a histogram", "a_count{y=\"2\",x=\"1\"} 3", "a_sum{x=\"2\",y=\"1\"} 4",
                 "a_count{x=\"2\",y=\"1\"} 5"})
            .lines == Lines{"# TYPE a histogram", "a y=2 x=1 count 3 sum 0.0 bounds",
                            "a x=2 y=1 count 5 sum 4.0 bounds"});
}

TEST_CASE("a malformed histogram is skipped and counted, and the next one is none the worse",
          "[classic_collector]") {
  const Converted converted = Convert({
      "# TYPE a histogram",
      "a_count 18",
      "a_bucket{le=\"0.0\"} 18 # {t=\"lost\"} 1 2",
      "a_bucket{le=\"+Inf\"} 1",
      "a_sum{x=\"1\"} 1",  // no count
      "a_bucket{x=\"2\",le=\"0.5\"} 2 # {t=\"kept\"} 1 2",
  });
  CHECK(converted.lines ==
        Lines{"# TYPE a histogram", "a x=2 count 2 sum 0.0 bounds 0.5 #t=kept 1.0@2000"});
  CHECK(converted.malformed == 2);
}

TEST_CASE("exemplars of all series with timestamps go with the histogram", "[classic_collector]") {
  CHECK(Convert({"# TYPE a histogram", "a_bucket{le=\"1.0\"} 1 # {t=\"x\",u=\"v\"} 0.5 1.5",
                 "a_bucket{le=\"+Inf\"} 2 # {t=\"timeless\"} 4", "a_count 2 # {} 4 1"})
            .lines ==
        Lines{"# TYPE a histogram", "a count 2 sum 0.0 bounds 1.0 #t=x u=v 0.5@1500 #4.0@1000"});
}

TEST_CASE("a histogram has the timestamp of the series that was read last", "[classic_collector]") {
  CHECK(Convert({"# TYPE a histogram", "a_count 3 1", "a_sum 4 2", "# TYPE b histogram",
                 "b_count 3 1", "b_count{x=\"1\"} 4 2", "c 1"})
            .lines == Lines{"# TYPE a histogram", "a count 3 sum 4.0 bounds @2000",
                            "# TYPE b histogram", "b count 3 sum 0.0 bounds @2000",
                            "b x=1 count 4 sum 0.0 bounds", "c 1"});
}

TEST_CASE("keys differ by name and labels, and are no text of a page", "[classic_collector]") {
  const auto key_of = [](const std::string& name, const std::string& labels) {
    return Convert({"# TYPE " + name + " histogram", name + "_count" + labels + " 1"}).last_key;
  };
  const Lines keys = {key_of("a", ""), key_of("b", ""), key_of("a", "{b=\"c\"}"),
                      key_of("a", "{b=\"cd\"}"), key_of("a", "{bc=\"d\"}")};
  for (size_t i = 0; i < keys.size(); ++i) {
    CHECK(keys[i].front() == '\0');
    CHECK(std::count(keys.begin(), keys.end(), keys[i]) == 1);
  }
  CHECK(key_of("a", "{le=\"1.0\"}") == keys[0]);
}

TEST_CASE("exemplars of one histogram do not take memory without bound", "[classic_collector]") {
  const bool is_long = GENERATE(false, true);
  const std::string label = is_long ? std::string(200'000, 'x') : "x";
  const Lines page(is_long ? 10 : kCollectedExemplarsMax + 1,
                   "a_count 1 # {t=\"" + label + "\"} 1 1");
  Lines all = {"# TYPE a histogram"};
  all.insert(all.end(), page.begin(), page.end());
  const Converted converted = Convert(all);
  CHECK(converted.lines == Lines{"# TYPE a histogram"});
  CHECK(converted.malformed == 1);
}

}  // namespace
}  // namespace sluice::scrape
