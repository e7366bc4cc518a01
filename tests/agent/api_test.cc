#include "agent/api.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

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

}  // namespace

TEST_CASE("targets have the shape of Prometheus's API", "[api]") {
  const json answer = json::parse(TargetsJson(OneTarget(), "", ""));
  CHECK(answer["status"] == "success");
  const json& target = answer["data"]["activeTargets"][0];
  CHECK(target["discoveredLabels"]["__address__"] == "a:1");
  CHECK(target["labels"] == json({{"instance", "a:1"}, {"job", "node"}}));
  CHECK(target["scrapePool"] == "node");
  CHECK(target["scrapeUrl"] == "http://a:1/metrics");
  CHECK(target["lastScrape"] == "2023-11-14T22:13:20.123Z");
  CHECK(target["lastScrapeDuration"] == 0.25);
  CHECK(target["health"] == "down");
  CHECK(target["scrapeInterval"] == "15s");
  CHECK(target["scrapeTimeout"] == "10s");
  CHECK(answer["data"]["droppedTargets"][0]["discoveredLabels"]["__address__"] == "b:1");
  CHECK(answer["data"]["droppedTargetCounts"]["other"] == 3);
}

TEST_CASE("only what is out of the ordinary is said of a target", "[api]") {
  scrape::ScraperStatus status = OneTarget();
  json answer = json::parse(TargetsJson(status, "", ""));
  CHECK_FALSE(answer["data"]["activeTargets"][0].contains("restored"));
  CHECK_FALSE(answer["data"]["droppedTargets"][0].contains("reason"));
  status.active[0].restored = true;
  status.dropped[0].reason = "scraped by member 2";
  answer = json::parse(TargetsJson(status, "", ""));
  CHECK(answer["data"]["activeTargets"][0]["restored"] == true);
  CHECK(answer["data"]["droppedTargets"][0]["reason"] == "scraped by member 2");
}

TEST_CASE("the cluster is shown with its members and targets", "[api]") {
  scrape::ClusterStatus status;
  status.cluster = {.members = 3, .member = 1, .replication = 2, .name = "c"};
  status.counts = {1, 0, 1};
  status.targets = {{"j", "http://a:1/", {{"job", "j"}}, {2, 0}}};
  status.left_out = 4;
  const json data = json::parse(ClusterJson(status))["data"];
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
  const json answer = json::parse(TargetsJson(OneTarget(), "active", ""));
  CHECK(answer["data"]["activeTargets"][0]["lastError"].get<std::string>().find("refused") !=
        std::string::npos);
}

TEST_CASE("targets can be asked for by state and by scrape pool", "[api]") {
  const json active = json::parse(TargetsJson(OneTarget(), "active", ""));
  CHECK(active["data"]["activeTargets"].size() == 1);
  CHECK(active["data"]["droppedTargets"] == json::array());
  CHECK(active["data"]["droppedTargetCounts"].is_null());
  const json dropped = json::parse(TargetsJson(OneTarget(), "dropped", ""));
  CHECK(dropped["data"]["activeTargets"] == json::array());
  CHECK(dropped["data"]["droppedTargets"].size() == 1);
  const json unknown = json::parse(TargetsJson(OneTarget(), "sideways", ""));
  CHECK(unknown["data"]["activeTargets"] == json::array());
  CHECK(unknown["data"]["droppedTargets"] == json::array());
  const json pool = json::parse(TargetsJson(OneTarget(), "", "other"));
  CHECK(pool["data"]["activeTargets"] == json::array());
  CHECK(pool["data"]["droppedTargets"].size() == 1);
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
  const json answer = json::parse(DestinationsJson({destination}));
  const json& row = answer["data"]["destinations"][0];
  CHECK(row["name"] == "far");
  CHECK(row["state"] == "paused");
  CHECK(row["ledger"]["appended"] == 10);
  CHECK(row["ledger"]["dropped"]["rejected"] == 1);
  CHECK(row["ledger"]["dropped"].size() == buffer::kDropReasonCount);
  CHECK(row["pendingSeconds"] == 2.5);
  CHECK(row["quarantined"] == 1);
  CHECK(row["lost"] == json::parse(R"([{"reason": "budget", "from": "1970-01-01T00:00:01.000Z",
                                        "to": "1970-01-01T00:01:01.500Z", "samples": 4}])"));
}

TEST_CASE("errors have the envelope of Prometheus's API", "[api]") {
  CHECK(json::parse(ApiError("not_found", "no \"x\"")) ==
        json({{"status", "error"}, {"errorType", "not_found"}, {"error", "no \"x\""}}));
}

}  // namespace sluice::agent
