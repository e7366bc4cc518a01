#include "scrape/exemplar_column.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

using buffer::LabelView;

constexpr TimestampMs kNow = 1'700'000'000'000;

ExemplarView Exemplar(std::string_view id, double value, TimestampMs timestamp_ms = 0) {
  return {.labels = {{"id", id}},
          .value = value,
          .has_timestamp = timestamp_ms != 0,
          .timestamp_ms = timestamp_ms};
}

Entry With(std::vector<ExemplarView> exemplars) {
  Entry entry;
  entry.kind = EntryKind::kSample;
  entry.exemplars = std::move(exemplars);
  return entry;
}

// As text, in the order of the frame.
std::vector<std::string> TextsOf(ExemplarColumn& column) {
  ExemplarColumn::Texts texts;
  std::vector<buffer::FrameExemplar> released;
  column.Release(texts, released);
  std::vector<std::string> lines;
  for (const buffer::FrameExemplar& exemplar : released) {
    std::string line = std::to_string(exemplar.series) + ":";
    for (const LabelView& label : exemplar.labels) {
      line.append(" ").append(label.name).append("=").append(label.value);
    }
    line += " " + std::to_string(static_cast<int>(exemplar.value)) + " @" +
            std::to_string(exemplar.timestamp_ms - kNow);
    lines.push_back(line);
  }
  return lines;
}

using Lines = std::vector<std::string>;

// One exemplar a scrape, 15 s apart, of one series; what was taken of each.
class Scrapes {
 public:
  Lines Take(const std::vector<ExemplarView>& exemplars) {
    now_ms_ += 15'000;
    ExemplarColumn column(known_);
    column.Take(7, now_ms_, With(exemplars));
    counts_ = column.counts();
    column.Remember(known_);
    return TextsOf(column);
  }

  const ExemplarCounts& counts() const { return counts_; }

 private:
  std::vector<LatestExemplar> known_;
  TimestampMs now_ms_ = kNow - 15'000;
  ExemplarCounts counts_;
};

TEST_CASE("an exemplar without a time has that of its sample", "[exemplars]") {
  ExemplarColumn column;
  column.Take(3, kNow + 5, With({Exemplar("a", 1)}));
  column.Take(1, kNow + 6, With({Exemplar("b", 2, kNow - 3)}));
  CHECK(TextsOf(column) == Lines{"1: id=b 2 @-3", "3: id=a 1 @5"});
}

TEST_CASE("an exemplar that stays exposed is taken once", "[exemplars]") {
  Scrapes scrapes;
  CHECK(scrapes.Take({Exemplar("a", 1)}) == Lines{"7: id=a 1 @0"});
  CHECK(scrapes.Take({Exemplar("a", 1)}).empty());
  CHECK(scrapes.Take({Exemplar("a", 2)}) == Lines{"7: id=a 2 @30000"});
  CHECK(scrapes.Take({Exemplar("b", 2)}) == Lines{"7: id=b 2 @45000"});
  CHECK(scrapes.Take({Exemplar("b", 2, kNow + 46'000)}) == Lines{"7: id=b 2 @46000"});
  CHECK(scrapes.Take({Exemplar("b", 2, kNow + 46'000)}).empty());
  CHECK(scrapes.Take({Exemplar("b", 2, kNow + 46'001)}) == Lines{"7: id=b 2 @46001"});
  CHECK(scrapes.counts().out_of_order == 0);
}

TEST_CASE("an exemplar older than the last one of its series is dropped and counted",
          "[exemplars]") {
  Scrapes scrapes;
  scrapes.Take({Exemplar("a", 1, kNow)});
  CHECK(scrapes.Take({Exemplar("b", 1, kNow - 1)}).empty());
  CHECK(scrapes.counts().out_of_order == 1);
  // Older by its value at the same time.
  CHECK(scrapes.Take({Exemplar("b", 0, kNow)}).empty());
  CHECK(scrapes.counts().out_of_order == 1);
  CHECK(scrapes.Take({Exemplar("b", 2, kNow)}) == Lines{"7: id=b 2 @0"});
  // Among newer ones it is what an update of a set looks like.
  CHECK(scrapes.Take({Exemplar("c", 5, kNow + 2), Exemplar("d", 4, kNow - 9)}) ==
        Lines{"7: id=c 5 @2"});
  CHECK(scrapes.counts().out_of_order == 0);
}

TEST_CASE("exemplars of one sample are taken in the order of time and value", "[exemplars]") {
  Scrapes scrapes;
  CHECK(scrapes.Take({Exemplar("c", 3, kNow + 2), Exemplar("b", 2, kNow + 1),
                      Exemplar("a", 1, kNow + 1), Exemplar("a", 1, kNow + 1)}) ==
        Lines{"7: id=a 1 @1", "7: id=b 2 @1", "7: id=c 3 @2"});
}

TEST_CASE("exemplars of a native histogram must say when they were", "[exemplars]") {
  proto::NativeHistogram histogram;
  Entry entry = With({Exemplar("a", 1), Exemplar("b", 2, kNow)});
  entry.histogram = &histogram;
  ExemplarColumn column;
  column.Take(0, kNow, entry);
  CHECK(TextsOf(column) == Lines{"0: id=b 2 @0"});
}

TEST_CASE("an exemplar of more than 128 characters is dropped and counted", "[exemplars]") {
  ExemplarColumn column;
  const std::string most(126, 'x');
  column.Take(0, kNow, With({Exemplar(most, 1)}));
  CHECK(column.counts().too_long == 0);
  column.Take(1, kNow, With({Exemplar(most + "y", 1)}));
  CHECK(column.counts().too_long == 1);
  std::string umlauts;
  for (int i = 0; i < 126; ++i) umlauts += "\xc3\xa4";
  column.Take(2, kNow, With({Exemplar(umlauts, 1)}));
  CHECK(column.counts().too_long == 1);
  CHECK(TextsOf(column).size() == 2);
}

TEST_CASE("labels of exemplars are sorted, and empty ones are left out", "[exemplars]") {
  ExemplarColumn column;
  ExemplarView exemplar;
  exemplar.labels = {{"z", "1"}, {"", ""}, {"e", ""}, {"a", "2"}};
  column.Take(0, kNow, With({exemplar}));
  CHECK(TextsOf(column) == Lines{"0: a=2 z=1 0 @0"});
  exemplar.labels = {{"z", "1"}, {"z", "2"}};
  column.Take(0, kNow, With({exemplar}));
  CHECK(column.counts().invalid == 1);
  exemplar.labels = {{"", "2"}};
  column.Take(0, kNow, With({exemplar}));
  CHECK(column.counts().invalid == 2);
  exemplar.labels = {{"\xff", "2"}};
  column.Take(0, kNow, With({exemplar}));
  CHECK(column.counts().invalid == 3);
}

TEST_CASE("exemplars of one scrape are bounded, and the rest is counted", "[exemplars]") {
  ExemplarColumn column;
  const std::string id(120, 'x');
  constexpr uint32_t kCount = 120'000;
  for (uint32_t slot = 0; slot < kCount; ++slot) {
    column.Take(slot, kNow, With({Exemplar(id, slot)}));
  }
  const uint64_t dropped = column.counts().too_many;
  CHECK(dropped > 0);
  const size_t kept = TextsOf(column).size();
  CHECK(kept + dropped == kCount);
  CHECK(kept * id.size() < kExemplarColumnBytesMax);
  CHECK(kept * id.size() > kExemplarColumnBytesMax / 2);
  // What was dropped is not taken for known.
  std::vector<LatestExemplar> known;
  column.Remember(known);
  CHECK(known.size() == kept);
}

TEST_CASE("what is known of exemplars follows the slots", "[exemplars]") {
  std::vector<LatestExemplar> known = {{.slot = 1}, {.slot = 4}};
  ExemplarColumn column(known);
  column.Take(0, kNow, With({Exemplar("a", 1)}));
  column.Take(2, kNow, With({Exemplar("b", 1)}));
  column.Rearrange({3, 1, 0, 2});
  known = {{.slot = 1}, {.slot = 2}};
  column.Remember(known);
  REQUIRE(known.size() == 4);
  for (uint32_t slot = 0; slot < 4; ++slot) CHECK(known[slot].slot == slot);
  CHECK(known[0].timestamp_ms == kNow);
  CHECK(known[3].timestamp_ms == kNow);
  CHECK(known[1].timestamp_ms == 0);
  CHECK(TextsOf(column) == Lines{"0: id=b 1 @0", "3: id=a 1 @0"});
}

}  // namespace
}  // namespace sluice::scrape
