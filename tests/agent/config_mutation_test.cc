#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "agent/config/config.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kSeedConfig = R"(
global:
  scrape_interval: 15s
  external_labels: {region: "${REGION}", a: !!binary aGk=}
rule_files: [a.yml]
scrape_configs:
- &base
  job_name: node
  params: {m: [x]}
  body_size_limit: 10MB
  relabel_configs:
  - {source_labels: [a, b], regex: '(?<n>.+);(x|y)', target_label: '$n', replacement: 'x${2}'}
  - {action: hashmod, modulus: 5, target_label: t}
  static_configs: [{targets: ['a:1'], labels: {x: y}}]
  file_sd_configs: [{files: [t/*.json], refresh_interval: 1m}]
- <<: *base
  job_name: two
remote_write:
- url: http://r/push
  headers: {X-Scope-OrgID: t}
  queue_config: {capacity: 100, min_backoff: 30ms}
  write_relabel_configs: [{action: labeldrop, regex: 'tmp_.*'}]
)";

std::string Mutate(std::string text, std::mt19937& random) {
  const std::vector<std::string> pieces = {
      "null",        "[]", "{}", "~",     "'",         "\"", "- ",
      "  ",          "\n", ": ", "*base", "&b ",       "<<", "0",
      "-1",          "1h", "(",  "$",     "!!binary ", "\t", "99999999999999999999",
      "\xff",        "#",  "|",  ">",     "? ",        "\\", "regex",
      "action: keep"};
  for (size_t n = 1 + random() % 4; n > 0 && !text.empty(); --n) {
    const size_t at = random() % text.size();
    const size_t length = std::min<size_t>(random() % 12, text.size() - at);
    switch (random() % 4) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, pieces[random() % pieces.size()]);
        break;
      case 2:
        text.replace(at, length, pieces[random() % pieces.size()]);
        break;
      default:
        text.insert(random() % text.size(), text.substr(at, length * 4));
        break;
    }
  }
  return text;
}

TEST_CASE("no change of a configuration crashes its reader", "[agent]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto unchanged =
      ParseConfig(kSeedConfig, "f.yml", [](std::string_view) { return std::nullopt; });
  REQUIRE((unchanged.ok() ? "" : unchanged.error().message) == "");
  size_t accepted = 0;
  for (int i = 0; i < 1'500; ++i) {
    const std::string text = Mutate(std::string(kSeedConfig), random);
    const Result<Config> config =
        ParseConfig(text, "f.yml", [](std::string_view) { return std::nullopt; });
    if (config.ok()) {
      ++accepted;
      continue;
    }
    CAPTURE(text);
    REQUIRE(config.error().message.rfind("f.yml:", 0) == 0);
    REQUIRE(config.error().message.find('\n') == std::string::npos);
  }
  CHECK(accepted > 0);
}

}  // namespace
}  // namespace sluice::agent
