#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "agent/api/answer.h"
#include "agent/api/cluster_api.h"
#include "agent/api/delivery_api.h"
#include "agent/api/metadata_api.h"
#include "agent/api/scrape_pool_api.h"
#include "agent/api/targets_api.h"
#include "buffer/layout.h"
#include "scrape/series.h"

namespace sluice::agent {
namespace {

using nlohmann::json;

scrape::ScraperStatus OneTarget() {
  scrape::ScraperStatus status;
  status.jobs = {"node", "other"};
  scrape::TargetStatus target;
  target.job = "node";
  target.discovered_labels = {{"__address__", "a:1"}, {"job", "node"}};
  target.labels = {{"instance", "a:1"}, {"job", "node"}};
  target.url = "http://a:1/metrics";
  target.last_error = "connect: \"refused\" \xff";
  target.last_scrape_ms = 1'700'000'000'123;
  target.last_scrape_duration_seconds = 0.25;
  target.health = scrape::TargetHealth::kDown;
  target.scrape_interval = std::chrono::seconds(15);
  target.scrape_timeout = std::chrono::seconds(10);
  status.active.push_back(target);
  status.dropped.push_back({"other", {{"__address__", "b:1"}}});
  status.dropped_counts["other"] = 3;
  return status;
}

json Targets(const scrape::ScraperStatus& status, std::string_view state, std::string_view pool) {
  return json::parse(TargetsJson(status, state, pool, OwnUrl()));
}

std::shared_ptr<const buffer::Layout> LayoutOf(const std::vector<buffer::FamilyView>& families) {
  buffer::ChunkBuilder builder;
  for (const buffer::FamilyView& family : families) {
    builder.StartFamily(family);
    builder.AddSeries({{{"__name__", family.name}}}, {});
  }
  return buffer::Layout::Of({builder.Finish(), scrape::MakeReportChunk()});
}

// Two targets that agree on one family and not on the other.
std::vector<scrape::TargetStatus> TargetsWithMetadata() {
  scrape::TargetStatus a;
  a.labels = {{"job", "a"}};
  a.layout = LayoutOf({{"shared", buffer::MetricType::kCounter, "Same.", ""},
                       {"size_bytes", buffer::MetricType::kGauge, "How \"large\".", "bytes"}});
  scrape::TargetStatus b;
  b.labels = {{"job", "b"}};
  b.layout = LayoutOf({{"shared", buffer::MetricType::kCounter, "Same.", ""},
                       {"size_bytes", buffer::MetricType::kGauge, "Other.", ""}});
  scrape::TargetStatus never_scraped;
  never_scraped.labels = {{"job", "c"}};
  return {a, b, never_scraped};
}

}  // namespace

TEST_CASE("targets have the shape of Prometheus's API", "[api]") {
  const json answer = Targets(OneTarget(), "", "");
  const json& target = answer["activeTargets"][0];
  CHECK(target["discoveredLabels"]["__address__"] == "a:1");
  CHECK(target["labels"] == json({{"instance", "a:1"}, {"job", "node"}}));
  CHECK(target["scrapePool"] == "node");
  CHECK(target["scrapeUrl"] == "http://a:1/metrics");
  CHECK(target["lastScrape"] == "2023-11-14T22:13:20.123Z");
  CHECK(target["lastScrapeDuration"] == 0.25);
  CHECK(target["health"] == "down");
  CHECK(target["scrapeInterval"] == "15s");
  CHECK(target["scrapeTimeout"] == "10s");
  CHECK(answer["droppedTargets"][0]["discoveredLabels"]["__address__"] == "b:1");
  CHECK(answer["droppedTargetCounts"]["other"] == 3);
}

TEST_CASE("only what is out of the ordinary is said of a target", "[api]") {
  scrape::ScraperStatus status = OneTarget();
  json answer = Targets(status, "", "");
  CHECK_FALSE(answer["activeTargets"][0].contains("restored"));
  CHECK_FALSE(answer["droppedTargets"][0].contains("reason"));
  status.active[0].restored = true;
  status.dropped[0].reason = "scraped by member 2";
  answer = Targets(status, "", "");
  CHECK(answer["activeTargets"][0]["restored"] == true);
  CHECK(answer["droppedTargets"][0]["reason"] == "scraped by member 2");
}

TEST_CASE("the cluster is shown with its members and targets", "[api]") {
  scrape::ClusterStatus status;
  status.cluster = {.members = 3, .member = 1, .replication = 2, .name = "c"};
  status.counts = {1, 0, 1};
  status.targets = {{"j", "http://a:1/", {{"job", "j"}}, {2, 0}}};
  status.left_out = 4;
  const json data = json::parse(ClusterJson(status));
  CHECK(data["name"] == "c");
  CHECK(data["member"] == 1);
  CHECK(data["membersCount"] == 3);
  CHECK(data["replicationFactor"] == 2);
  CHECK(data["members"][2] == json({{"member", 2}, {"targets", 1}}));
  CHECK(data["targets"][0]["members"] == json({2, 0}));
  CHECK(data["targets"][0]["scrapePool"] == "j");
  CHECK(data["targetsLeftOut"] == 4);
}

TEST_CASE("a byte that is no UTF-8 does not break the JSON of targets", "[api]") {
  const json answer = Targets(OneTarget(), "active", "");
  CHECK(answer["activeTargets"][0]["lastError"].get<std::string>().find("refused") !=
        std::string::npos);
}

TEST_CASE("targets can be asked for by state and by scrape pool", "[api]") {
  const json active = Targets(OneTarget(), "active", "");
  CHECK(active["activeTargets"].size() == 1);
  CHECK(active["droppedTargets"] == json::array());
  CHECK(active["droppedTargetCounts"].is_null());
  const json dropped = Targets(OneTarget(), "dropped", "");
  CHECK(dropped["activeTargets"] == json::array());
  CHECK(dropped["droppedTargets"].size() == 1);
  const json unknown = Targets(OneTarget(), "sideways", "");
  CHECK(unknown["activeTargets"] == json::array());
  CHECK(unknown["droppedTargets"] == json::array());
  const json pool = Targets(OneTarget(), "", "other");
  CHECK(pool["activeTargets"] == json::array());
  CHECK(pool["droppedTargets"].size() == 1);
}

TEST_CASE("times are RFC 3339 and never is Go's zero time", "[api]") {
  CHECK(FormatTime(0) == "0001-01-01T00:00:00Z");
  CHECK(FormatTime(1) == "1970-01-01T00:00:00.001Z");
  CHECK(FormatTime(-1) == "1969-12-31T23:59:59.999Z");
}

TEST_CASE("destinations show their ledger with every reason of drops", "[api]") {
  remotewrite::DestinationStatus destination;
  destination.name = "far";
  destination.state = remotewrite::DestinationState::kPaused;
  destination.progress.ledger.appended = 10;
  destination.progress.ledger.acknowledged = 6;
  destination.progress.ledger.pending = 3;
  destination.progress.ledger.dropped.at(static_cast<size_t>(buffer::DropReason::kRejected)) = 1;
  destination.progress.lost = {
      {.reason = buffer::DropReason::kBudget, .from_ms = 1'000, .to_ms = 61'500, .samples = 4}};
  destination.pending_seconds = 2.5;
  destination.quarantined_samples = 1;
  destination.disk = {.bytes_max = 1000, .when_full = buffer::WhenFull::kStopAccepting};
  destination.progress.kept_bytes = 990;
  destination.progress.full_at = 7;
  const json answer = json::parse(DestinationsJson({destination}));
  const json& row = answer["destinations"][0];
  CHECK(row["name"] == "far");
  CHECK(row["state"] == "paused");
  CHECK(row["ledger"]["appended"] == 10);
  CHECK(row["ledger"]["dropped"]["rejected"] == 1);
  CHECK(row["ledger"]["dropped"].size() == buffer::kDropReasonCount);
  CHECK(row["pendingSeconds"] == 2.5);
  CHECK(row["quarantined"] == 1);
  CHECK(row["disk"] == json::parse(R"({"bytes": 990, "maxBytes": 1000, "accepting": false,
                                        "whenFull": "stop_accepting"})"));
  CHECK(row["lost"] == json::parse(R"([{"reason": "budget", "from": "1970-01-01T00:00:01.000Z",
                                        "to": "1970-01-01T00:01:01.500Z", "samples": 4}])"));
}

TEST_CASE("answers have the envelope of Prometheus's API", "[api]") {
  const HttpServerResponse error = ErrorAnswer(ApiErrorType::kNotFound, "no \"x\"");
  CHECK(error.status == 404);
  CHECK(json::parse(error.body) ==
        json({{"status", "error"}, {"errorType", "not_found"}, {"error", "no \"x\""}}));
  const HttpServerResponse data = DataAnswer("[1]");
  CHECK(data.content_type == "application/json");
  CHECK(json::parse(data.body) == json({{"status", "success"}, {"data", {1}}}));
}

TEST_CASE("metadata of targets can be asked for by target and by metric", "[api]") {
  const auto targets = TargetsWithMetadata();
  const json all = json::parse(*TargetMetadataJson(targets, {}));
  REQUIRE(all.size() == 4);
  CHECK(all[1] == json({{"target", {{"job", "a"}}},
                        {"metric", "size_bytes"},
                        {"type", "gauge"},
                        {"help", "How \"large\"."},
                        {"unit", "bytes"}}));
  TargetMetadataQuery query;
  query.match_target = *Selector::Parse("{job=~\"b|x\"}");
  query.metric = "shared";
  CHECK(json::parse(*TargetMetadataJson(targets, query)) ==
        json::array(
            {{{"target", {{"job", "b"}}}, {"type", "counter"}, {"help", "Same."}, {"unit", ""}}}));
  query = {};
  query.limit = 1;
  CHECK(json::parse(*TargetMetadataJson(targets, query)).size() == 2);
}

TEST_CASE("metadata of metrics has each different entry once", "[api]") {
  const auto targets = TargetsWithMetadata();
  const json all = json::parse(*MetadataJson(targets, {}));
  CHECK(all.size() == 2);
  CHECK(all["shared"] == json::array({{{"type", "counter"}, {"help", "Same."}, {"unit", ""}}}));
  CHECK(all["size_bytes"].size() == 2);
  CHECK(json::parse(*MetadataJson(targets, {.limit_per_metric = 1}))["size_bytes"].size() == 1);
  CHECK(json::parse(*MetadataJson(targets, {.limit = 1})).size() == 1);
  CHECK(json::parse(*MetadataJson(targets, {.metric = "none"})) == json::object());
}

TEST_CASE("relabeling is shown rule by rule, up to the one that drops", "[api]") {
  relabel::Rule set;
  set.source_labels = {"a"};
  set.target_label = "b";
  relabel::Rule drop;
  drop.action = relabel::Action::kDrop;
  drop.source_labels = {"b"};
  drop.regex = "1";
  const auto rules = relabel::Program::Compile({set, drop, set});
  REQUIRE(rules.ok());
  const json steps = json::parse(RelabelStepsJson(*rules, {{"a", "1"}}))["steps"];
  REQUIRE(steps.size() == 3);
  CHECK(steps[0] == json({{"rule",
                           {{"sourceLabels", {"a"}},
                            {"separator", ";"},
                            {"regex", "(.*)"},
                            {"targetLabel", "b"},
                            {"replacement", "$1"},
                            {"action", "replace"}}},
                          {"output", {{"a", "1"}, {"b", "1"}}},
                          {"keep", true}}));
  CHECK(steps[1]["keep"] == false);
  CHECK(steps[2]["keep"] == false);
}

TEST_CASE("labels are read from a JSON object of texts", "[api]") {
  const auto labels = ReadLabelsJson(R"({"b": "2", "a": "1"})");
  REQUIRE(labels.ok());
  CHECK(*labels == relabel::Labels{{"a", "1"}, {"b", "2"}});
  for (const char* bad : {"", "[]", R"({"a": 1})", "{"}) {
    CAPTURE(bad);
    CHECK_FALSE(ReadLabelsJson(bad).ok());
  }
}

TEST_CASE("the settings of one job are found in the configuration", "[api]") {
  const std::string shown = "scrape_configs:\n- job_name: a\n- job_name: b\n  scheme: https\n";
  CHECK(*ScrapePoolYaml(shown, "b") == "job_name: b\nscheme: https\n");
  CHECK(ScrapePoolYaml(shown, "c").error().code == ErrorCode::kNotFound);
}

}  // namespace sluice::agent
