#include "scrape/target.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/hash.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

JobConfig Job() {
  JobConfig job;
  job.name = "node";
  return job;
}

TargetGroup Group(std::vector<relabel::Labels> targets, relabel::Labels labels = {}) {
  return {.source = "static", .targets = std::move(targets), .labels = std::move(labels)};
}

relabel::Program Compiled(relabel::Rule rule) {
  auto program = relabel::Program::Compile({std::move(rule)});
  REQUIRE(program.ok());
  return *program;
}

relabel::Rule Replace(std::string target, std::string value) {
  relabel::Rule rule;
  rule.target_label = std::move(target);
  rule.replacement = std::move(value);
  return rule;
}

TEST_CASE("a target gets the job's settings as labels, and its own labels win", "[target]") {
  JobConfig job = Job();
  job.params = {{"match[]", {"up", "down"}}};
  const TargetSet set = BuildTargets(
      job, {Group({{{"__address__", "h:1"}, {"env", "own"}}}, {{"env", "group"}, {"dc", "d"}})});
  REQUIRE(set.active.size() == 1);
  const Target& target = set.active[0];
  CHECK(target.discovered_labels ==
        relabel::Labels{{"__address__", "h:1"},
                        {"__always_scrape_classic_histograms__", "false"},
                        {"__convert_classic_histograms_to_nhcb__", "false"},
                        {"__metrics_path__", "/metrics"},
                        {"__param_match[]", "up"},
                        {"__scheme__", "http"},
                        {"__scrape_native_histograms__", "false"},
                        {"__scrape_interval__", "1m"},
                        {"__scrape_timeout__", "10s"},
                        {"dc", "d"},
                        {"env", "own"},
                        {"job", "node"}});
  CHECK(target.labels ==
        relabel::Labels{{"dc", "d"}, {"env", "own"}, {"instance", "h:1"}, {"job", "node"}});
  CHECK(target.url == "http://h:1/metrics?match%5B%5D=up&match%5B%5D=down");
  CHECK(target.interval == milliseconds(60'000));
  CHECK(target.timeout == milliseconds(10'000));
}

TEST_CASE("a target's own labels change scheme, path, parameters, interval and timeout",
          "[target]") {
  JobConfig job = Job();
  job.params = {{"a", {"1", "2"}}, {"b", {"x y"}}};
  const TargetSet set = BuildTargets(job, {Group({{{"__address__", "[::1]:9"},
                                                   {"__scheme__", "https"},
                                                   {"__metrics_path__", "federate it/\xc3\xa4?"},
                                                   {"__param_a", "new"},
                                                   {"__param_c", "&="},
                                                   {"__scrape_interval__", "2s"},
                                                   {"__scrape_timeout__", "1s"}}})});
  REQUIRE(set.active.size() == 1);
  CHECK(set.active[0].url == "https://[::1]:9/federate%20it/%C3%A4%3F?a=new&a=2&b=x+y&c=%26%3D");
  CHECK(set.active[0].interval == milliseconds(2000));
  CHECK(set.active[0].timeout == milliseconds(1000));
}

TEST_CASE("meta labels do not make a target another one, other reserved labels do", "[target]") {
  const auto identity = [](relabel::Labels labels) {
    const TargetSet set = BuildTargets(Job(), {Group({std::move(labels)})});
    REQUIRE(set.active.size() == 1);
    return set.active[0].identity;
  };
  const uint64_t plain = identity({{"__address__", "h:1"}});
  CHECK(identity({{"__address__", "h:1"}, {"__meta_x", "1"}}) == plain);
  CHECK(identity({{"__address__", "h:1"}, {"__tmp", "1"}}) != plain);
  CHECK(identity({{"__address__", "h:1"}, {"x", "1"}}) != plain);
}

TEST_CASE("a target may be on a Unix socket", "[target]") {
  const TargetSet set = BuildTargets(
      Job(), {Group({{{"__address__", "localhost"}, {"__unix_socket__", "/run/a.sock"}},
                     {{"__address__", "localhost"}, {"__unix_socket__", "/run/b.sock"}}})});
  REQUIRE(set.active.size() == 2);
  CHECK(set.active[0].unix_socket == "/run/a.sock");
  CHECK(set.active[0].url == "http://localhost/metrics");
  CHECK(set.active[0].labels == relabel::Labels{{"instance", "localhost"}, {"job", "node"}});
  CHECK(BuildTargets(Job(), {Group({{{"__address__", "h:1"}}})}).active[0].unix_socket.empty());
}

TEST_CASE("the identity is Prometheus's hash of labels and URL", "[target]") {
  const relabel::Labels labels = {{"instance", "h:1"}, {"job", "j"}};
  std::string text = std::to_string(labels.Hash());
  if (text.size() < 16) text.insert(0, 16 - text.size(), '0');
  CHECK(TargetIdentity(labels, "http://h:1/m") == Fnv64a(text + "http://h:1/m"));
}

TEST_CASE("equal targets are one target", "[target]") {
  const TargetSet set = BuildTargets(
      Job(), {Group({{{"__address__", "h:1"}}, {{"__address__", "h:1"}, {"__meta_a", "b"}}}),
              Group({{{"__address__", "h:1"}}, {{"__address__", "h:2"}}})});
  CHECK(set.active.size() == 2);
}

TEST_CASE("targets that relabeling drops are kept aside", "[target]") {
  JobConfig job = Job();
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"__address__"};
  rule.regex = "h:1";
  job.relabel = Compiled(rule);
  const TargetSet set =
      BuildTargets(job, {Group({{{"__address__", "h:1"}}, {{"__address__", "h:2"}}})});
  CHECK(set.active.size() == 1);
  REQUIRE(set.dropped.size() == 1);
  CHECK(set.dropped[0].Get("__address__") == "h:1");
  CHECK(set.dropped[0].Get("job") == "node");
}

TEST_CASE("a target that cannot be scraped is an error with Prometheus's words", "[target]") {
  struct Row {
    std::string label;
    std::string value;
    std::string words;
  };

  const std::vector<Row> rows = {
      {"__address__", "", "no address"},
      {"__address__", "http://h:1", "\"http://h:1\" is not a valid hostname"},
      {"__scrape_interval__", "x",
       "error parsing scrape interval: "
       "not a valid duration string: \"x\""},
      {"__scrape_interval__", "0s", "scrape interval cannot be 0"},
      {"__scrape_timeout__", "", "error parsing scrape timeout: empty duration string"},
      {"__scrape_timeout__", "0", "scrape timeout cannot be 0"},
      {"__scrape_timeout__", "2m",
       "scrape timeout cannot be greater than scrape interval "
       "(\"2m\" > \"1m\")"},
      {"__convert_classic_histograms_to_nhcb__", "yes",
       "error parsing convert classic histograms to nhcb: strconv.ParseBool: parsing \"yes\": "
       "invalid syntax"},
      {"__always_scrape_classic_histograms__", "tRUE",
       "error parsing always scrape classic histograms: strconv.ParseBool: parsing \"tRUE\": "
       "invalid syntax"},
      {"__scrape_native_histograms__", "",
       "error parsing scrape native histograms: strconv.ParseBool: parsing \"\": invalid syntax"},
      {"x", "\xff", "invalid label value for \"x\""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.label, row.value);
    JobConfig job = Job();
    job.relabel = Compiled(Replace(row.label, row.value));
    const TargetSet set = BuildTargets(job, {Group({{{"__address__", "h:1"}}})});
    CHECK(set.active.empty());
    REQUIRE(set.errors.size() == 1);
    CHECK(set.errors[0] == "static: " + row.words);
  }
}

TEST_CASE("relabeling may set the interval and the timeout", "[target]") {
  JobConfig job = Job();
  auto program = relabel::Program::Compile(
      {Replace("__scrape_interval__", "7s"), Replace("__scrape_timeout__", "1500ms")});
  REQUIRE(program.ok());
  job.relabel = *program;
  const TargetSet set = BuildTargets(job, {Group({{{"__address__", "h:1"}}})});
  REQUIRE(set.active.size() == 1);
  CHECK(set.active[0].interval == std::chrono::milliseconds(7'000));
  CHECK(set.active[0].timeout == std::chrono::milliseconds(1'500));
}

TEST_CASE("what becomes of histograms is the job's, unless relabeling says otherwise", "[target]") {
  JobConfig job = Job();
  job.scrape_native_histograms = true;
  job.native_histogram_bucket_limit = 160;
  job.native_histogram_min_bucket_factor = 1.1;
  const auto rules_of = [&](const TargetGroup& group) {
    const TargetSet set = BuildTargets(job, {group});
    REQUIRE(set.active.size() == 1);
    return set.active[0].histograms;
  };
  CHECK(rules_of(Group({{{"__address__", "h:1"}}})) ==
        HistogramRules{.native = true, .bucket_limit = 160, .schema_max = 2});
  // A target's own label is one from before relabeling.
  CHECK(rules_of(Group({{{"__address__", "h:1"}, {"__scrape_native_histograms__", "F"}}})) ==
        HistogramRules{.bucket_limit = 160, .schema_max = 2});
  auto program =
      relabel::Program::Compile({Replace("__scrape_native_histograms__", "0"),
                                 Replace("__always_scrape_classic_histograms__", "t"),
                                 Replace("__convert_classic_histograms_to_nhcb__", "TRUE")});
  REQUIRE(program.ok());
  job.relabel = *program;
  CHECK(rules_of(Group({{{"__address__", "h:1"}}})) == HistogramRules{.always_classic = true,
                                                                      .to_custom_buckets = true,
                                                                      .bucket_limit = 160,
                                                                      .schema_max = 2});
}

TEST_CASE("relabeling may remove the instance, which then is the address", "[target]") {
  JobConfig job = Job();
  job.relabel = Compiled(Replace("instance", ""));
  const TargetSet set =
      BuildTargets(job, {Group({{{"__address__", "h:1"}, {"instance", "mine"}}})});
  REQUIRE(set.active.size() == 1);
  CHECK(set.active[0].labels.Get("instance") == "h:1");
}

}  // namespace
}  // namespace sluice::scrape
