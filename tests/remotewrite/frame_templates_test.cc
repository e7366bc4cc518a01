#include "remotewrite/frame_templates.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/chunk.h"

namespace sluice::remotewrite::test {
namespace {

buffer::DecodedChunk MakeChunk(const std::string& name, uint32_t series) {
  buffer::ChunkBuilder builder;
  for (uint32_t i = 0; i < series; ++i) {
    const std::string cpu = std::to_string(1'000 + i);
    const std::vector<buffer::LabelView> labels = {{"__name__", name}, {"cpu", cpu}};
    builder.AddSeries(labels, {});
  }
  return *buffer::DecodedChunk::Decode(builder.Finish()->stored);
}

// The layouts of targets that all have the same chunk.
struct Fleet {
  explicit Fleet(const std::string& name, uint32_t series = FrameTemplates::kSeriesMin)
      : chunk(MakeChunk(name, series)), content(ContentIdOf(name)) {}

  LayoutProjection Of(const std::string& instance) {
    const std::vector<buffer::LabelView> labels = {{"instance", instance}, {"job", "node"}};
    const auto text = std::make_shared<const TargetText>(labels);
    auto part = std::make_shared<Projection>(Project(labels, chunk, {external, program}));
    if (model == nullptr || !part->TakeModel(model, text)) part->MakeModel(text);
    model = part->model();
    LayoutProjection layout;
    layout.key.content = content;
    layout.series_count = part->series_count();
    layout.parts.push_back(std::move(part));
    return layout;
  }

  relabel::Labels external;
  relabel::Program program;
  buffer::DecodedChunk chunk;
  ContentId content;
  std::shared_ptr<const ProjectionModel> model;
};

const FrameTemplate* GetOften(FrameTemplates& templates, const LayoutProjection& layout) {
  for (int i = 1; i < FrameTemplates::kUsesMin; ++i) CHECK(templates.Get(layout) == nullptr);
  return templates.Get(layout);
}

TEST_CASE("frames that come often get a template", "[remotewrite]") {
  Fleet fleet("a");
  FrameTemplates templates;
  const LayoutProjection layout = fleet.Of("h1");
  const FrameTemplate* const made = GetOften(templates, layout);
  REQUIRE(made != nullptr);
  CHECK(templates.Get(layout) == made);
  CHECK(templates.memory_bytes() > 0);
}

TEST_CASE("like targets whose labels are as long share a template", "[remotewrite]") {
  Fleet fleet("a");
  FrameTemplates templates;
  const FrameTemplate* const made = GetOften(templates, fleet.Of("h1"));
  REQUIRE(made != nullptr);
  CHECK(templates.Get(fleet.Of("h2")) == made);
  const FrameTemplate* const other = GetOften(templates, fleet.Of("host3"));
  CHECK(other != nullptr);
  CHECK(other != made);
}

TEST_CASE("another content with the same name is not mistaken for the first", "[remotewrite]") {
  Fleet fleet("a");
  Fleet other("b");
  other.content = fleet.content;
  FrameTemplates templates;
  const FrameTemplate* const made = GetOften(templates, fleet.Of("h1"));
  CHECK(templates.Get(other.Of("h1")) != made);
}

TEST_CASE("small frames, and such without a model, get no template", "[remotewrite]") {
  FrameTemplates templates;
  const LayoutProjection small = Fleet("a", FrameTemplates::kSeriesMin - 1).Of("h1");
  CHECK(GetOften(templates, small) == nullptr);
  Fleet fleet("a");
  LayoutProjection whole = fleet.Of("h1");
  whole.parts[0] =
      std::make_shared<Projection>(Project({}, fleet.chunk, {fleet.external, fleet.program}));
  CHECK(GetOften(templates, whole) == nullptr);
}

TEST_CASE("templates of frames that come no more are forgotten", "[remotewrite]") {
  FrameTemplates templates;
  Fleet lasting("lasting");
  const LayoutProjection kept = lasting.Of("h1");
  REQUIRE(GetOften(templates, kept) != nullptr);
  const uint64_t one = templates.memory_bytes();
  REQUIRE(GetOften(templates, Fleet("a").Of("h1")) != nullptr);
  CHECK(templates.memory_bytes() > one);
  for (int i = 0; i < 10'000; ++i) REQUIRE(templates.Get(kept) != nullptr);
  CHECK(templates.memory_bytes() == one);
}

TEST_CASE("templates have a bound in memory", "[remotewrite]") {
  constexpr uint64_t kMax = 64 << 10;
  FrameTemplates templates(kMax);
  uint64_t most = 0;
  for (int i = 0; i < 60; ++i) {
    CHECK(GetOften(templates, Fleet("f" + std::to_string(i)).Of("h1")) != nullptr);
    most = std::max(most, templates.memory_bytes());
  }
  CHECK(most > kMax / 2);
  CHECK(most <= kMax + kMax / 4);  // and the latest
}

}  // namespace
}  // namespace sluice::remotewrite::test
