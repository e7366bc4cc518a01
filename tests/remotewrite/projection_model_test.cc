// Like targets share what their projections have in common, and nobody sees a difference.

#include "remotewrite/projection_model.h"

#include <map>
#include <random>
#include <set>

#include <catch2/catch.hpp>

#include "memory_log.h"
#include "proto/write_request.h"
#include "remotewrite/entry_writer.h"
#include "remotewrite/projection_cache.h"

namespace sluice::remotewrite::test {
namespace {

using LabelMap = std::map<std::string, std::string>;

std::vector<buffer::LabelView> Views(const LabelMap& labels) {
  std::vector<buffer::LabelView> views;
  for (const auto& label : labels) views.push_back({label.first, label.second});
  return views;
}

struct TestPage {
  TestPage& Add(const LabelMap& set, const std::set<std::string>& unset = {}) {
    builder.AddSeries(Views(set), std::vector<std::string_view>(unset.begin(), unset.end()));
    return *this;
  }

  buffer::ChunkBuilder builder;
};

// One destination, and what it derives from its targets and chunks.
struct Fixture {
  Fixture(uint64_t bytes_max, const LabelMap& external_labels, relabel::Program write_relabel,
          bool has_tenants)
      : external(From(external_labels)),
        program(std::move(write_relabel)),
        tenants(TenantConfig{.label = "zone", .fallback = "none"}),
        takes_tenants(has_tenants),
        cache(log, rules(), bytes_max) {}

  static relabel::Labels From(const LabelMap& labels) {
    std::vector<relabel::Label> list;
    for (const auto& label : labels) list.push_back({label.first, label.second});
    return relabel::Labels::From(list);
  }

  ProjectionRules rules() {
    return {.external_labels = external,
            .write_relabel = program,
            .tenants = takes_tenants ? &tenants : nullptr};
  }

  std::shared_ptr<const LayoutProjection> Get(const LabelMap& target,
                                              const std::shared_ptr<const buffer::Layout>& layout) {
    const TestTarget stored{.labels = buffer::TargetLabels::Of(Views(target)), .layout = layout};
    const buffer::Sequence frame = log.Append(stored, 1);
    buffer::FrameRecord found;
    REQUIRE(log.Scan(frame, 1,
                     [&](const buffer::FrameRecord& record) {
                       found = record;
                       return false;
                     })
                .ok());
    auto got = cache.Get(found.target_at, found.layout_at, now);
    REQUIRE(got.ok());
    return *got;
  }

  void ForgetAll() { cache.Trim(now + 2 * ProjectionCache::kIdleMax); }

  MemoryLog log;
  relabel::Labels external;
  relabel::Program program;
  Tenants tenants{TenantConfig{}};
  bool takes_tenants = false;
  ProjectionCache cache;
  MonotonicTime now{};
};

std::string BodyOf(const Projection& projection) {
  EntryWriter writer(nullptr);
  writer.Begin({});
  for (uint32_t i = 0; i < projection.series_count(); ++i) {
    if (!projection.Sends(i)) continue;
    const proto::SampleView samples[] = {{static_cast<double>(i), 1'000}, {0.5, 300'000}};
    writer.Add({&projection, i}, samples);
    // With histograms or exemplars, too.
    writer.AddExemplar({});
    writer.Add({&projection, i}, samples, {});
  }
  return std::string(writer.Finish());
}

// Whether the layout is, to the byte, what its chunks give when nothing is shared.
void CheckSame(Fixture& fixture, const LayoutProjection& got, const LabelMap& target,
               const buffer::Layout& layout) {
  REQUIRE(got.parts.size() == layout.chunks.size());
  uint32_t dropped = 0;
  std::string scratch;
  for (size_t c = 0; c < got.parts.size(); ++c) {
    const auto decoded = buffer::DecodedChunk::Decode(layout.chunks[c]->stored);
    const Projection whole = Project(Views(target), *decoded, fixture.rules());
    const Projection& part = *got.parts[c];
    dropped += whole.dropped_count();
    REQUIRE(part.series_count() == whole.series_count());
    for (size_t i = 0; i < whole.series_count(); ++i) {
      REQUIRE(part.Sends(i) == whole.Sends(i));
      REQUIRE(part.EncodedLabels(i, scratch) == whole.LabelsOf(i));
      REQUIRE(part.TenantOf(i) == whole.TenantOf(i));
    }
    REQUIRE(BodyOf(part) == BodyOf(whole));
  }
  CHECK(got.dropped_count == dropped);
}

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

relabel::Program Compile(const std::vector<relabel::Rule>& rules) {
  auto program = relabel::Program::Compile(rules);
  REQUIRE(program.ok());
  return *program;
}

relabel::Program RandomProgram(std::mt19937_64& rng) {
  std::vector<relabel::Rule> rules;
  for (uint64_t i = rng() % 3; i > 0; --i) {
    relabel::Rule rule;
    const relabel::Action actions[] = {relabel::Action::kDrop, relabel::Action::kReplace,
                                       relabel::Action::kLabelDrop};
    rule.action = actions[rng() % 3];
    rule.regex = rng() % 2 == 0 ? "1|x" : "a|__name__|instance";
    if (rule.action != relabel::Action::kLabelDrop) rule.source_labels = {Pick(rng, kNames)};
    if (rule.action == relabel::Action::kReplace) rule.target_label = "zone";
    rules.push_back(rule);
  }
  return Compile(rules);
}

std::shared_ptr<const buffer::Chunk> RandomChunk(std::mt19937_64& rng) {
  TestPage page;
  for (uint64_t i = 1 + rng() % 12; i > 0; --i) {
    LabelMap set = RandomLabels(rng);
    if (rng() % 4 != 0) set["__name__"] = "m";
    std::set<std::string> unset;
    if (rng() % 4 == 0) unset.insert(Pick(rng, kNames));
    page.Add(set, unset);
  }
  return page.builder.Finish();
}

// Of two kinds, which differ in the names of their labels.
std::vector<LabelMap> RandomTargets(std::mt19937_64& rng) {
  const LabelMap kinds[] = {RandomLabels(rng), RandomLabels(rng)};
  std::vector<LabelMap> targets;
  for (int i = 0; i < 12; ++i) {
    LabelMap target = kinds[rng() % 2];
    target["instance"] = "host-" + std::to_string(rng() % 100);
    if (rng() % 3 == 0) target["a"] = Pick(rng, kValues);
    targets.push_back(target);
  }
  return targets;
}

TEST_CASE("what is sent does not tell whether targets share their projections",
          "[remotewrite][random]") {
  const auto seed = GENERATE(take(150, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  const uint64_t bytes_max = 3'000 + rng() % 40'000;
  Fixture fixture(bytes_max, RandomLabels(rng), RandomProgram(rng), rng() % 3 == 0);
  const std::vector<LabelMap> targets = RandomTargets(rng);
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  for (int i = 0; i < 5; ++i) chunks.push_back(RandomChunk(rng));
  std::vector<std::shared_ptr<const buffer::Layout>> layouts;
  for (int i = 0; i < 4; ++i) {
    std::vector<std::shared_ptr<const buffer::Chunk>> some;
    for (const auto& chunk : chunks) {
      if (some.empty() || rng() % 2 == 0) some.push_back(chunk);
    }
    layouts.push_back(buffer::Layout::Of(some));
  }

  for (int i = 0; i < 60; ++i) {
    const LabelMap& target = targets[rng() % targets.size()];
    const auto& layout = layouts[rng() % layouts.size()];
    fixture.now += std::chrono::seconds(rng() % 60);
    const auto got = fixture.Get(target, layout);
    CheckSame(fixture, *got, target, *layout);
    CHECK(fixture.cache.memory_bytes() < bytes_max + 20'000);  // one layout is always kept
    if (rng() % 8 == 0) fixture.cache.Trim(fixture.now);
  }
  fixture.ForgetAll();
  CHECK(fixture.cache.memory_bytes() == 0);
}

TEST_CASE("a target like others costs a few KiB, not its labels again", "[remotewrite]") {
  std::vector<std::shared_ptr<const buffer::Chunk>> chunks;
  for (int c = 0; c < 16; ++c) {
    TestPage page;
    for (int i = 0; i < 64; ++i) {
      page.Add({{"__name__", "node_cpu_seconds_of_kind_" + std::to_string(c) + "_total"},
                {"cpu", std::to_string(i / 8)},
                {"mode", "mode" + std::to_string(i % 8)}});
    }
    chunks.push_back(page.builder.Finish());
  }
  const auto layout = buffer::Layout::Of(chunks);
  Fixture fixture(128 << 20, {{"cluster", "production-eu-1"}}, {}, false);
  const auto get = [&](int i) {
    const LabelMap target = {{"instance", "host-" + std::to_string(i) + ".example:9100"},
                             {"job", "node"}};
    return fixture.Get(target, layout);
  };
  get(0);
  const uint64_t one = fixture.cache.memory_bytes();
  for (int i = 1; i < 100; ++i) get(i);
  CAPTURE(one, fixture.cache.memory_bytes());
  CHECK(one < 50'000);  // of 133,000 of text
  CHECK((fixture.cache.memory_bytes() - one) / 99 < 6'000);

  // The model goes with the last one that uses it.
  fixture.now += ProjectionCache::kIdleMax + std::chrono::seconds(1);
  get(50);
  fixture.cache.Trim(fixture.now);
  CHECK(fixture.cache.memory_bytes() < one + 100);
  fixture.ForgetAll();
  CHECK(fixture.cache.memory_bytes() == 0);
}

TEST_CASE("only whole labels of the target are taken from it", "[remotewrite]") {
  std::string encoded;
  proto::AppendLabel(encoded, "instance", "h1");
  TestPage page;
  page.Add({{"__name__", "plain"}})
      .Add({{"__name__", "overrides"}, {"instance", "other"}})
      .Add({{"__name__", "overrides_with_the_same"}, {"instance", "h2"}})
      .Add({{"__name__", "overrides_with_nothing"}, {"instance", ""}})
      .Add({{"__name__", "unsets"}}, {"job"})
      .Add({{"__name__", "unsets_between_others"}}, {"m"})
      .Add({{"__name__", "has_the_value"}, {"x", "h1"}, {"instance_of", "h1"}})
      .Add({{"__name__", "has_the_encoded_label"}, {"x", encoded + "h1"}})
      .Add({{"a", "is not sent"}});
  const auto layout = buffer::Layout::Of({page.builder.Finish()});
  Fixture fixture(128 << 20, {{"from", "h1"}, {"k", "v"}}, {}, false);
  std::set<const ProjectionModel*> models;
  for (const std::string instance : {"h0", "h2", "h1", "h3", "host-with-a-longer-name", "h2", ""}) {
    const LabelMap target = {
        {"empty", ""}, {"instance", instance}, {"job", "j"}, {"le", "1"}, {"m", "1"}, {"n", "1"}};
    const auto got = fixture.Get(target, layout);
    CheckSame(fixture, *got, target, *layout);
    models.insert(got->parts[0]->model().get());
  }
  CHECK(models.size() == 2);  // without an instance there is one label less
}

TEST_CASE("targets whose texts come out unlike have models of their own", "[remotewrite]") {
  const auto layout = buffer::Layout::Of({TestPage().Add({{"__name__", "m"}}).builder.Finish()});
  relabel::Rule copy;
  copy.source_labels = {"instance"};
  copy.target_label = "host";
  Fixture fixture(128 << 20, {}, Compile({copy}), false);
  std::set<const ProjectionModel*> models;
  for (int i = 0; i < 40; ++i) {
    const LabelMap target = {{"instance", "h" + std::to_string(i % 20)},
                             {"job", "j" + std::to_string(i / 20)}};
    const auto got = fixture.Get(target, layout);
    CheckSame(fixture, *got, target, *layout);
    models.insert(got->parts[0]->model().get());
  }
  CHECK(models.size() == 40 - ProjectionModels::kModelsOfChunkMax);
  fixture.ForgetAll();
  CHECK(fixture.cache.memory_bytes() == 0);
}

}  // namespace
}  // namespace sluice::remotewrite::test
