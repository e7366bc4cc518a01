#include "scrape/discovery/grace/saved_targets.h"

#include <memory>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

relabel::Labels RandomLabels(std::mt19937& random) {
  std::vector<relabel::Label> labels;
  for (size_t i = random() % 4; i > 0; --i) {
    std::string value;
    for (size_t k = random() % 20; k > 0; --k) value += static_cast<char>(random() % 256);
    labels.push_back({"l" + std::to_string(random() % 9), value});
  }
  return relabel::Labels::From(std::move(labels));
}

SavedTargets RandomTargets(std::mt19937& random) {
  SavedTargets saved;
  saved.key = "key";
  saved.current_at = static_cast<TimestampMs>(random()) - 1000;
  for (size_t i = random() % 5; i > 0; --i) {
    auto group = std::make_shared<TargetGroup>();
    group->source = "s" + std::to_string(i);
    group->labels = RandomLabels(random);
    for (size_t k = random() % 5; k > 0; --k) group->targets.push_back(RandomLabels(random));
    saved.groups.push_back(std::move(group));
  }
  return saved;
}

std::string Encoded(const SavedTargets& saved) {
  const Result<std::string> bytes = EncodeSavedTargets(saved);
  REQUIRE(bytes.ok());
  return *bytes;
}

TEST_CASE("what is read is what was written", "[grace]") {
  const auto seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  for (int i = 0; i < 50; ++i) {
    const SavedTargets saved = RandomTargets(random);
    const Result<SavedTargets> read = DecodeSavedTargets(Encoded(saved));
    REQUIRE(read.ok());
    CHECK(read->key == saved.key);
    CHECK(read->current_at == saved.current_at);
    REQUIRE(read->groups.size() == saved.groups.size());
    for (size_t k = 0; k < saved.groups.size(); ++k) CHECK(*read->groups[k] == *saved.groups[k]);
  }
}

TEST_CASE("a file with any other byte, or cut anywhere, is damaged", "[grace]") {
  std::mt19937 random(1);
  SavedTargets saved = RandomTargets(random);
  saved.groups = {std::make_shared<const TargetGroup>(
      TargetGroup{.source = "s", .targets = {{{"__address__", "a:1"}}}, .labels = {{"x", "y"}}})};
  const std::string good = Encoded(saved);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ (1 << (random() % 8)));
    const Result<SavedTargets> read = DecodeSavedTargets(bad);
    CHECK_FALSE(read.ok());
    CHECK_FALSE(DecodeSavedTargets(good.substr(0, i)).ok());
  }
  CHECK(DecodeSavedTargets(good.substr(0, 9)).error().code == ErrorCode::kCorruption);
}

TEST_CASE("a newer version is told apart from damage", "[grace]") {
  std::mt19937 random(1);
  std::string bytes = Encoded(RandomTargets(random));
  bytes[8] = 2;
  const Result<SavedTargets> read = DecodeSavedTargets(bytes);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == ErrorCode::kInvalidInput);
  CHECK(read.error().message == "version 2 is newer than this program");
}

TEST_CASE("the format of a file does not change", "[grace]") {
  SavedTargets saved;
  saved.key = "k";
  saved.current_at = 1;
  saved.groups = {std::make_shared<const TargetGroup>(
      TargetGroup{.source = "s", .targets = {{{"a", "b"}}}, .labels = {}})};
  const std::string bytes = Encoded(saved);
  CHECK(bytes.substr(0, 9) == "sluiceTG\x01");
  CHECK(bytes.substr(17) == std::string("\x02\x01k\x0a\x00\x01s\x00\x01\x01\x01"
                                        "a\x01"
                                        "b",
                                        14));
}

TEST_CASE("keys follow the entry and tell no secret", "[grace]") {
  const std::string key = GraceKey("url: x, password: 1", "url: x, password: <secret>");
  CHECK(key.size() == 37);
  CHECK(key != GraceKey("url: x, password: 2", "url: x, password: <secret>"));
  CHECK(key != GraceKey("url: y, password: 1", "url: y, password: <secret>"));
  CHECK(key.substr(0, 32) ==
        GraceKey("url: x, password: 2", "url: x, password: <secret>").substr(0, 32));
  CHECK(GraceKey("a", "b") == "4b2212e31ac97fd4575a0b1c44d8843f-6e5b");
}

}  // namespace
}  // namespace sluice::scrape
