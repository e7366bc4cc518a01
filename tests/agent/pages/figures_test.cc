#include "agent/pages/figures.h"

#include <cmath>

#include <catch2/catch.hpp>

#include "agent/pages/delivery_history.h"
#include "agent/pages/own_metrics.h"
#include "agent/pages/plot.h"
#include "agent/time_text.h"

namespace sluice::agent {
namespace {

remotewrite::DestinationStatus Status(const std::string& name, uint64_t acknowledged) {
  remotewrite::DestinationStatus status;
  status.name = name;
  status.progress.ledger.acknowledged = acknowledged;
  return status;
}

}  // namespace

TEST_CASE("figures are written as people read them", "[pages]") {
  CHECK(CountText(0) == "0");
  CHECK(CountText(999) == "999");
  CHECK(CountText(1'234'567) == "1,234,567");
  CHECK(BytesText(0) == "0 B");
  CHECK(BytesText(1'536) == "1.5 KiB");
  CHECK(BytesText(8.0 * 1024 * 1024 * 1024) == "8 GiB");
  CHECK(FigureText(3.14159) == "3.14");
  CHECK(FigureText(31.4159) == "31.4");
  CHECK(FigureText(1999.9) == "2,000");
  CHECK(FigureText(NAN) == "?");
  CHECK(RateText(1'234) == "1,234/s");
  CHECK(RateText(12'345) == "12.3k/s");
  CHECK(RateText(2'500'000) == "2.5M/s");
  CHECK(RateText(std::nullopt) == "\xe2\x80\x93");
  CHECK(SpanText(0) == "0s");
  CHECK(SpanText(0.0123) == "12ms");
  CHECK(SpanText(5.25) == "5.25s");
  CHECK(SpanText(200) == "3m20s");
  CHECK(SpanText(7'200) == "2h");
  CHECK(SpanText(200'000) == "2d7h");
  CHECK(AgoText(0, 5'000) == "never");
  CHECK(AgoText(3'000, 5'000) == "2s ago");
}

TEST_CASE("a moment of today has no date", "[pages]") {
  constexpr TimestampMs kNow = 1'700'000'000'000;
  CHECK(DateTimeText(kNow) == "2023-11-14 22:13:20");
  CHECK(ShortTime(kNow - 60'000, kNow) == "22:12:20");
  CHECK(ShortTime(kNow - 86'400'000, kNow) == "2023-11-13 22:13:20");
  CHECK(ShortTime(0, kNow) == "never");
}

TEST_CASE("an hour of each destination is remembered, and no more", "[pages]") {
  DeliveryHistory history;
  for (int i = 0; i < 500; ++i) {
    history.Note(i * 10'000, {Status("a", static_cast<uint64_t>(i) * 100), Status("b", 7)});
  }
  const DeliveryPoints& points = history.all().at("a");
  CHECK(points.size() == DeliveryHistory::kPointsMax);
  CHECK(points.back().time_ms - points.front().time_ms == 3'600'000);
  CHECK(RateOf(points, &DeliveryPoint::acknowledged).value_or(-1) == Approx(10));
  CHECK(RateOf(history.all().at("b"), &DeliveryPoint::acknowledged) == 0);
  history.Note(5'000'000, {Status("b", 7)});
  CHECK_FALSE(history.all().contains("a"));
}

TEST_CASE("a ledger that begins anew has no rate", "[pages]") {
  DeliveryHistory history;
  history.Note(0, {Status("a", 1'000)});
  history.Note(10'000, {Status("a", 10)});
  CHECK_FALSE(RateOf(history.all().at("a"), &DeliveryPoint::acknowledged));
}

TEST_CASE("the history has a bound on its destinations", "[pages]") {
  DeliveryHistory history;
  std::vector<remotewrite::DestinationStatus> many;
  for (int i = 0; i < 100; ++i) many.push_back(Status(std::to_string(i), 0));
  history.Note(0, many);
  CHECK(history.all().size() == DeliveryHistory::kDestinationsMax);
}

TEST_CASE("a plot spans the last hour, up to its greatest value", "[pages]") {
  const Plot plot{.title = "<t>",
                  .until_ms = 7'200'000,
                  .points = {{1'000, 99}, {5'400'000, 2}, {7'200'000, 4}},
                  .text_of = FigureText};
  const std::string svg = DrawPlot(plot).text();
  CHECK(svg.find("&lt;t&gt;") != std::string::npos);
  // What is older than an hour does not show.
  CHECK(svg.find("<polyline points=\"180.0,70.5 360.0,69.1\"/>") != std::string::npos);
  CHECK(DrawPlot({.title = "t", .until_ms = 0, .points = {}, .text_of = FigureText})
            .text()
            .find("polyline") == std::string::npos);
}

TEST_CASE("own metrics are looked up by name and label", "[pages]") {
  const OwnMetrics metrics(
      "# HELP a x\na{remote_name=\"vm\",u=\"1\"} 2\na{remote_name=\"vm\",u=\"2\"} 3\n"
      "a{remote_name=\"b\"} 1\nab 9\n");
  CHECK(metrics.Sum("a") == 6);
  CHECK(metrics.Sum("ab") == 9);
  CHECK(metrics.Sum("none") == 0);
  CHECK(metrics.SumBy("a", "remote_name") == std::map<std::string, double>{{"b", 1}, {"vm", 5}});
}

}  // namespace sluice::agent
