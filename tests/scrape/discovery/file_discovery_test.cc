#include "scrape/discovery/file/file_discovery.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "group_sink.h"
#include "tests/support/temp_dir.h"

namespace sluice::scrape {
namespace {

namespace fs = std::filesystem;
using test::Addresses;
using test::GroupSink;

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

// As editors and configuration management replace a file: never half of it is there.
void ReplaceFile(const std::string& path, const std::string& text) {
  WriteFile(path + ".new", text);
  fs::rename(path + ".new", path);
}

std::string OneTarget(const std::string& address) { return "- targets: [" + address + "]\n"; }

constexpr std::chrono::milliseconds kNeverRefresh = std::chrono::hours(24);

// The value of an exposed series, as text.
std::string Exposed(Telemetry& telemetry, const std::string& series) {
  const std::string text = telemetry.ExposeText();
  const size_t at = text.find("\n" + series + " ");
  if (at == std::string::npos) return "absent";
  const size_t from = at + series.size() + 2;
  return text.substr(from, text.find('\n', from) - from);
}

TEST_CASE("a target file is the same in YAML and in JSON", "[file_sd]") {
  const std::string text = GENERATE(as<std::string>{},
                                    "- targets: ['a:1', b:2]\n"
                                    "  labels:\n"
                                    "    env: prod\n"
                                    "    n: 5\n"
                                    "    empty: ''\n"
                                    "- targets:\n"
                                    "  - c\n",
                                    R"([{"targets": ["a:1", "b:2"],
         "labels": {"env": "prod", "n": "5", "empty": ""}},
        {"targets": ["c"]}])");
  const auto groups = ParseTargetFile(text, "/etc/t.yml");
  REQUIRE(groups.ok());
  REQUIRE(groups->size() == 2);
  const TargetGroup& first = groups->at(0);
  CHECK(first.source == "/etc/t.yml:0");
  CHECK(Addresses(*groups) == std::vector<std::string>{"a:1", "b:2", "c"});
  CHECK(first.targets.at(0) == relabel::Labels{{"__address__", "a:1"}});
  CHECK(first.labels ==
        relabel::Labels{{"__meta_filepath", "/etc/t.yml"}, {"env", "prod"}, {"n", "5"}});
  CHECK(groups->at(1).source == "/etc/t.yml:1");
  CHECK(groups->at(1).labels == relabel::Labels{{"__meta_filepath", "/etc/t.yml"}});
}

TEST_CASE("an empty target file or group is no error", "[file_sd]") {
  for (const char* text : {"", "---\n", "null", "[]", "# nothing\n"}) {
    CAPTURE(text);
    const auto groups = ParseTargetFile(text, "f.yml");
    REQUIRE(groups.ok());
    CHECK(groups->empty());
  }
  for (const char* text : {"[{}]", "- targets:\n", "- labels: {a: b}\n", "- targets: []\n",
                           "- targets: null\n  labels: null\n"}) {
    CAPTURE(text);
    const auto groups = ParseTargetFile(text, "f.yml");
    REQUIRE(groups.ok());
    REQUIRE(groups->size() == 1);
    CHECK(groups->at(0).targets.empty());
  }
}

TEST_CASE("a file cannot claim to be another", "[file_sd]") {
  const auto groups = ParseTargetFile("- targets: [a]\n  labels: {__meta_filepath: /x}\n", "f.yml");
  REQUIRE(groups.ok());
  CHECK(groups->at(0).labels.Get("__meta_filepath") == "f.yml");
}

TEST_CASE("one mistake refuses the whole target file", "[file_sd]") {
  const auto expect = [](const std::string& text, const std::string& message) {
    CAPTURE(text);
    const auto groups = ParseTargetFile(text, "f.yml");
    REQUIRE_FALSE(groups.ok());
    CHECK(groups.error().code == ErrorCode::kInvalidInput);
    CHECK_THAT(groups.error().message, Catch::Contains(message) && Catch::StartsWith("f.yml:"));
  };
  const std::string good = "- targets: [a]\n";
  expect(good + "- null\n", "f.yml:2: nil target group item found");
  expect(good + "-\n", "nil target group item found");
  expect(R"([{"targets": ["a"]}, null])", "nil target group item found");
  expect(good + "- targets: [b]\n  label: {}\n", "f.yml:3: field label not found in target group");
  expect("- targets: [a]\n  targets: [b]\n", "field targets is given twice");
  expect("- targets: [a]\n  labels: {a: b, a: c}\n", "label \"a\" is given twice");
  expect("- targets: [a]\n  labels: {'': b}\n", "\"\" is not a valid label name");
  expect("targets: [a]\n", "cannot unmarshal !!map into []*targetgroup.Group");
  expect("just text", "cannot unmarshal scalar into []*targetgroup.Group");
  expect("- just text\n", "cannot unmarshal scalar into targetgroup.Group");
  expect("- targets: a\n", "cannot unmarshal scalar into []string");
  expect("- targets: [{a: b}]\n", "cannot unmarshal !!map into string");
  expect("- labels: [a]\n", "cannot unmarshal !!seq into model.LabelSet");
  expect("- labels: {a: [b]}\n", "cannot unmarshal !!seq into string");
  expect("- [targets\n", "");
  expect("- targets: [\"\xff\"]\n", "not valid UTF-8");
}

TEST_CASE("no bytes can break the reading of a target file", "[file_sd]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string base =
      "- targets: ['a:1', b:2]\n  labels: {x: y}\n- &a {targets: [c]}\n- *a\n- {<<: *a}\n";
  constexpr std::string_view kMarks = "[]{}:-,&*!|>'\"%@#\n\t \\x0";
  for (int round = 0; round < 3000; ++round) {
    std::string text = base.substr(0, random() % (base.size() + 1));
    for (uint64_t i = random() % 5; i > 0 && !text.empty(); --i) {
      text[random() % text.size()] = kMarks[random() % kMarks.size()];
    }
    const auto groups = ParseTargetFile(text, "f.yml");
    if (!groups.ok()) CHECK_FALSE(groups.error().message.empty());
  }
}

TEST_CASE("patterns match in their last element, sorted and without duplicates", "[file_sd]") {
  const test::TempDir dir;
  for (const char* name : {"b.json", "a.json", "a.yml", ".hidden.json", "ajson"}) {
    WriteFile(dir.File(name), "");
  }
  fs::create_directory(dir.File("sub"));
  WriteFile(dir.File("sub/c.json"), "");
  using Files = std::vector<std::string>;
  CHECK(MatchFiles({dir.File("*.json")}) ==
        Files{dir.File(".hidden.json"), dir.File("a.json"), dir.File("b.json")});
  CHECK(MatchFiles({dir.File("a*.json"), dir.File("a.json"), dir.File("a.yml")}) ==
        Files{dir.File("a.json"), dir.File("a.yml")});
  CHECK(MatchFiles({dir.File("none.json"), dir.File("none/*.json"), dir.File("*/c.json")}).empty());
  CHECK(MatchFiles({dir.File("sub/*.json")}) == Files{dir.File("sub/c.json")});
  CHECK(MatchFiles({}).empty());
}

TEST_CASE("a discovery follows its files as they come, change and go", "[file_sd]") {
  const test::TempDir dir;
  WriteFile(dir.File("a.yml"), OneTarget("a1"));
  WriteFile(dir.File("unrelated.txt"), "x");
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("*.yml"), dir.File("*.json")}, kNeverRefresh},
                                sink.Callback(), {Logger(), telemetry, loop});
  REQUIRE(sink.WaitFor({"a1"}));

  WriteFile(dir.File("b.json"), R"([{"targets":["b1"]}])");
  REQUIRE(sink.WaitFor({"a1", "b1"}));
  WriteFile(dir.File("a.yml"), OneTarget("a2"));  // in place
  REQUIRE(sink.WaitFor({"a2", "b1"}));
  ReplaceFile(dir.File("a.yml"), OneTarget("a3"));
  REQUIRE(sink.WaitFor({"a3", "b1"}));
  fs::rename(dir.File("b.json"), dir.File("b.off"));
  REQUIRE(sink.WaitFor({"a3"}));
  fs::rename(dir.File("b.off"), dir.File("0.yml"));
  REQUIRE(sink.WaitFor({"b1", "a3"}));
  fs::remove(dir.File("0.yml"));
  REQUIRE(sink.WaitFor({"a3"}));
  fs::create_symlink(dir.File("elsewhere"), dir.File("c.yml"));  // leads nowhere yet
  WriteFile(dir.File("elsewhere"), OneTarget("c1"));
  REQUIRE(sink.WaitFor({"a3", "c1"}));
}

TEST_CASE("the first call comes even when there are no files", "[file_sd]") {
  const test::TempDir dir;
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("*.yml")}, kNeverRefresh}, sink.Callback(),
                                {Logger(), telemetry, loop});
  REQUIRE(sink.WaitForCalls(1));
  CHECK(sink.groups().empty());
}

TEST_CASE("files in a mounted Kubernetes ConfigMap are followed through its links", "[file_sd]") {
  const test::TempDir dir;
  const auto write_version = [&](const std::string& version, const std::string& address) {
    fs::create_directory(dir.File(version));
    WriteFile(dir.File(version + "/t.yml"), OneTarget(address));
    fs::create_symlink(version, dir.File("..data_tmp"));
    fs::rename(dir.File("..data_tmp"), dir.File("..data"));
  };
  write_version("..v1", "one");
  fs::create_symlink("..data/t.yml", dir.File("t.yml"));
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("t.yml")}, kNeverRefresh}, sink.Callback(),
                                {Logger(), telemetry, loop});
  REQUIRE(sink.WaitFor({"one"}));
  write_version("..v2", "two");
  REQUIRE(sink.WaitFor({"two"}));
}

TEST_CASE("a folder that does not exist yet, or comes again, is watched", "[file_sd]") {
  const test::TempDir dir;
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("x/y/z/*.yml")}, kNeverRefresh}, sink.Callback(),
                                {Logger(), telemetry, loop});
  REQUIRE(sink.WaitForCalls(1));
  fs::create_directories(dir.File("x/y/z"));
  WriteFile(dir.File("x/y/z/a.yml"), OneTarget("a1"));
  REQUIRE(sink.WaitFor({"a1"}));
  WriteFile(dir.File("x/y/z/b.yml"), OneTarget("b1"));
  REQUIRE(sink.WaitFor({"a1", "b1"}));
  fs::remove_all(dir.File("x"));
  REQUIRE(sink.WaitFor({}));
  fs::create_directory(dir.File("x"));
  fs::create_directory(dir.File("x/y"));
  fs::create_directory(dir.File("x/y/z"));
  WriteFile(dir.File("x/y/z/c.yml"), OneTarget("c1"));
  REQUIRE(sink.WaitFor({"c1"}));
  fs::rename(dir.File("x/y/z"), dir.File("x/y/away"));
  REQUIRE(sink.WaitFor({}));
}

TEST_CASE("a bad file keeps its last targets and is counted", "[file_sd]") {
  const test::TempDir dir;
  WriteFile(dir.File("a.yml"), OneTarget("a1"));
  WriteFile(dir.File("bad.yml"), "- [");
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("*.yml")}, kNeverRefresh}, sink.Callback(),
                                {Logger(), telemetry, loop});
  REQUIRE(sink.WaitFor({"a1"}));
  CHECK(Exposed(telemetry, "prometheus_sd_file_read_errors_total") != "0");
  ReplaceFile(dir.File("a.yml"), "- null\n");
  ReplaceFile(dir.File("bad.yml"), OneTarget("b1"));  // so that there is something to wait for
  REQUIRE(sink.WaitFor({"a1", "b1"}));
  fs::remove(dir.File("a.yml"));
  fs::create_directory(dir.File("folder.yml"));
  REQUIRE(sink.WaitFor({"b1"}));
}

TEST_CASE("the time of a file is exposed while it is there", "[file_sd]") {
  const test::TempDir dir;
  const std::string series =
      "prometheus_sd_file_mtime_seconds{filename=\"" + dir.File("a.yml") + "\"}";
  WriteFile(dir.File("a.yml"), OneTarget("a1"));
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  {
    const FileDiscovery discovery({{dir.File("*.yml")}, kNeverRefresh}, sink.Callback(),
                                  {Logger(), telemetry, loop});
    REQUIRE(sink.WaitFor({"a1"}));
    CHECK(std::stod(Exposed(telemetry, series)) > 1.5e9);
    fs::remove(dir.File("a.yml"));
    REQUIRE(sink.WaitFor({}));
    CHECK(Exposed(telemetry, series) == "Nan");
  }
}

TEST_CASE("changes out of sight of the watch are found by the refresh", "[file_sd]") {
  const test::TempDir dir;
  const test::TempDir elsewhere;
  WriteFile(elsewhere.File("real"), OneTarget("a1"));
  fs::create_symlink(elsewhere.File("real"), dir.File("a.yml"));
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("*.yml")}, std::chrono::milliseconds(20)},
                                sink.Callback(), {Logger(), telemetry, loop});
  REQUIRE(sink.WaitFor({"a1"}));
  ReplaceFile(elsewhere.File("real"), OneTarget("a2"));
  REQUIRE(sink.WaitFor({"a2"}));
}

TEST_CASE("what did not change is not told again", "[file_sd]") {
  const test::TempDir dir;
  WriteFile(dir.File("a.yml"), OneTarget("a1"));
  WriteFile(dir.File("bad.yml"), "- [");  // counts the scans
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const FileDiscovery discovery({{dir.File("*.yml")}, std::chrono::milliseconds(10)},
                                sink.Callback(), {Logger(), telemetry, loop});
  const Counter scans = telemetry.AddCounter("prometheus_sd_file_read_errors_total", "");
  REQUIRE(sink.WaitFor({"a1"}));
  ReplaceFile(dir.File("a.yml"), OneTarget("a1"));
  const double enough = scans.value() + 10;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (scans.value() < enough && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
  }
  CHECK(scans.value() >= enough);
  CHECK(sink.calls() == 1);
}

TEST_CASE("a discovery stops at once", "[file_sd]") {
  const test::TempDir dir;
  GroupSink sink;
  Telemetry telemetry;
  const SystemClock clock;
  DiscoveryLoop loop({}, clock);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const FileDiscovery discovery({{dir.File("*.yml")}, kNeverRefresh}, sink.Callback(),
                                  {Logger(), telemetry, loop});
    if (i % 2 == 0) REQUIRE(sink.WaitForCalls(i / 2 + 1));
  }
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(60));
}

}  // namespace
}  // namespace sluice::scrape
