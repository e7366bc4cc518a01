#include "remotewrite/projection.h"

#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "memory_log.h"
#include "remotewrite/job.h"
#include "remotewrite/projection_cache.h"

namespace sluice::remotewrite::test {
namespace {

using LabelMap = std::map<std::string, std::string>;

std::string Pick(std::mt19937_64& rng, const std::vector<std::string>& from) {
  return from[rng() % from.size()];
}

const std::vector<std::string> kNames = {"__name__", "a", "b", "instance", "job", "le", "zone"};
const std::vector<std::string> kValues = {"", "1", "x", "\xc3\xa9", "long value", "y"};

LabelMap RandomLabels(std::mt19937_64& rng) {
  LabelMap labels;
  for (uint64_t i = rng() % 5; i > 0; --i) labels[Pick(rng, kNames)] = Pick(rng, kValues);
  return labels;
}

std::vector<buffer::LabelView> Views(const LabelMap& labels) {
  std::vector<buffer::LabelView> views;
  for (const auto& label : labels) views.push_back({label.first, label.second});
  return views;
}

relabel::Program RandomProgram(std::mt19937_64& rng) {
  std::vector<relabel::Rule> rules;
  for (uint64_t i = rng() % 3; i > 0; --i) {
    relabel::Rule rule;
    const relabel::Action actions[] = {relabel::Action::kDrop, relabel::Action::kReplace,
                                       relabel::Action::kLabelDrop};
    rule.action = actions[rng() % 3];
    rule.regex = rng() % 2 == 0 ? "1|x" : "a|__name__";
    if (rule.action != relabel::Action::kLabelDrop) rule.source_labels = {Pick(rng, kNames)};
    if (rule.action == relabel::Action::kReplace) rule.target_label = "zone";
    rules.push_back(rule);
  }
  auto program = relabel::Program::Compile(rules);
  REQUIRE(program.ok());
  return *program;
}

// What the rules say, one after the other; empty when the series is not sent.
std::string Naive(const LabelMap& target, const LabelMap& set, const std::set<std::string>& unset,
                  const ProjectionRules& rules) {
  relabel::LabelsBuilder builder;
  for (const auto& label : target) {
    if (unset.count(label.first) == 0) builder.Set(label.first, label.second);
  }
  for (const auto& label : set) builder.Set(label.first, label.second);
  for (const relabel::Label& label : rules.external_labels) {
    if (builder.Get(label.name).empty()) builder.Set(label.name, label.value);
  }
  if (!rules.write_relabel.Apply(builder)) return "";
  if (builder.Get("__name__").empty()) return "";
  return builder.Build().ToString();
}

TEST_CASE("a projection is what unset, set, external labels and rules give, in this order",
          "[remotewrite][random]") {
  const auto seed = GENERATE(take(200, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const LabelMap target = RandomLabels(rng);
  std::vector<relabel::Label> external_list;
  for (const auto& label : RandomLabels(rng)) external_list.push_back({label.first, label.second});
  const relabel::Labels external = relabel::Labels::From(external_list);
  const relabel::Program program = RandomProgram(rng);
  const ProjectionRules rules{external, program};

  std::vector<LabelMap> sets;
  std::vector<std::set<std::string>> unsets;
  buffer::ChunkBuilder builder;
  for (int i = 0; i < 40; ++i) {
    LabelMap set = RandomLabels(rng);
    if (rng() % 4 != 0) set["__name__"] = "m";
    std::set<std::string> unset;
    for (uint64_t k = rng() % 3; k > 0; --k) unset.insert(Pick(rng, kNames));
    const std::vector<std::string_view> unset_views(unset.begin(), unset.end());
    builder.AddSeries(Views(set), unset_views);
    sets.push_back(set);
    unsets.push_back(unset);
  }
  const auto chunk = builder.Finish();
  const auto decoded = buffer::DecodedChunk::Decode(chunk->stored);
  REQUIRE(decoded.ok());

  const Projection projection = Project(Views(target), *decoded, rules);
  REQUIRE(projection.series_count() == 40);
  uint32_t dropped = 0;
  for (size_t i = 0; i < 40; ++i) {
    const std::string want = Naive(target, sets[i], unsets[i], rules);
    const std::string_view got = projection.LabelsOf(i);
    CHECK((got.empty() ? "" : SeriesText(got)) == want);
    if (want.empty()) ++dropped;
  }
  CHECK(projection.dropped_count() == dropped);
}

TEST_CASE("a series that would make a receiver refuse the request is left out", "[remotewrite]") {
  const relabel::Labels none;
  const relabel::Program nothing;
  buffer::ChunkBuilder builder;
  const auto add = [&](std::vector<buffer::LabelView> labels) { builder.AddSeries(labels, {}); };
  add({{"__name__", "fine"}});
  add({{"a", "without a metric name"}});
  add({{"__name__", "m"}, {"a", "\xff"}});
  add({{"__name__", "m"}, {"\xc3", "x"}});
  const auto decoded = buffer::DecodedChunk::Decode(builder.Finish()->stored);
  REQUIRE(decoded.ok());
  const Projection projection = Project({}, *decoded, {none, nothing});
  CHECK(projection.dropped_count() == 3);
  CHECK_FALSE(projection.LabelsOf(0).empty());
}

struct CacheFixture {
  explicit CacheFixture(uint64_t bytes_max) : cache(log, {external, program}, bytes_max) {}

  std::shared_ptr<const LayoutProjection> Get(const TestTarget& target) {
    const buffer::Sequence frame = log.Append(target, 1);
    buffer::Sequence target_at = 0;
    buffer::Sequence layout_at = 0;
    REQUIRE(log.Scan(frame, 1,
                     [&](const buffer::FrameRecord& record) {
                       target_at = record.target_at;
                       layout_at = record.layout_at;
                       return false;
                     })
                .ok());
    auto got = cache.Get(target_at, layout_at, now);
    REQUIRE(got.ok());
    return *got;
  }

  MemoryLog log;
  relabel::Labels external;
  relabel::Program program;
  ProjectionCache cache;
  MonotonicTime now{};
};

TEST_CASE("content that is stored again is not derived again", "[remotewrite]") {
  CacheFixture fixture(1 << 20);
  TestTarget target = MakeTarget("t", 1, {{"a"}, {"b"}, {"c"}});
  const auto first = fixture.Get(target);
  CHECK(fixture.cache.derived_count() == 3);
  fixture.log.StartEpoch();
  CHECK(fixture.Get(target) == first);
  CHECK(fixture.cache.derived_count() == 3);
  const uint64_t loads = fixture.log.loads();
  CHECK(fixture.Get(target) == first);
  CHECK(fixture.log.loads() == loads);

  SetMetrics(target, {{"a"}, {"b"}, {"d"}});
  const auto second = fixture.Get(target);
  CHECK(fixture.cache.derived_count() == 4);
  CHECK(second->parts[0] == first->parts[0]);

  fixture.Get(MakeTarget("u", 1, {{"e"}}));  // other target labels
  CHECK(fixture.cache.derived_count() == 5);
}

TEST_CASE("chunks of like targets are neither read nor derived again", "[remotewrite]") {
  CacheFixture fixture(1 << 20);
  const auto first = fixture.Get(MakeTarget("t", 1, {{"a"}, {"b"}}));
  const uint64_t loads = fixture.log.loads();
  const auto second = fixture.Get(MakeTarget("u", 1, {{"a"}, {"b"}}));
  CHECK(fixture.cache.derived_count() == 2);
  CHECK(fixture.log.loads() == loads + 2);  // labels of the target, layout
  CHECK(second->parts[0]->model() == first->parts[0]->model());
  CHECK(second->parts[0]->target() != first->parts[0]->target());
}

TEST_CASE("projections keep within their budget and go when they are not used", "[remotewrite]") {
  CacheFixture fixture(20'000);
  for (int i = 0; i < 200; ++i) {
    fixture.Get(MakeTarget("t" + std::to_string(i), 1, {{"a", "b"}, {"c"}}));
    CHECK(fixture.cache.memory_bytes() <= 20'000);
  }
  const uint64_t loads = fixture.log.loads();
  fixture.Get(MakeTarget("t199", 1, {{"a", "b"}, {"c"}}));
  CHECK(fixture.log.loads() == loads);
  fixture.Get(MakeTarget("t0", 1, {{"a", "b"}, {"c"}}));
  CHECK(fixture.log.loads() > loads);
  // Nobody has these chunks.
  const uint64_t derived = fixture.cache.derived_count();
  fixture.Get(MakeTarget("t0", 1, {{"d", "b"}, {"e"}}));
  CHECK(fixture.cache.derived_count() == derived + 2);

  fixture.now += ProjectionCache::kIdleMax + std::chrono::seconds(1);
  fixture.Get(MakeTarget("t199", 1, {{"a", "b"}, {"c"}}));
  fixture.cache.Trim(fixture.now);
  const uint64_t one = fixture.cache.memory_bytes();
  CHECK(one > 0);
  CHECK(one < 2'000);
  fixture.cache.Trim(fixture.now + 2 * ProjectionCache::kIdleMax);
  CHECK(fixture.cache.memory_bytes() == 0);
}

}  // namespace
}  // namespace sluice::remotewrite::test
