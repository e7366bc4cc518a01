// What pages show, and that nothing on them is markup that did not come from us.
#include <functional>
#include <memory>
#include <string>

#include <catch2/catch.hpp>

#include "agent/pages/assets.h"
#include "agent/pages/destinations_page.h"
#include "agent/pages/discovery_page.h"
#include "agent/pages/explain_page.h"
#include "agent/pages/overview_page.h"
#include "agent/pages/page_shell.h"
#include "agent/pages/relabel_page.h"
#include "agent/pages/status_page.h"
#include "agent/pages/targets_page.h"
#include "scrape/target.h"

namespace sluice::agent {
namespace {

constexpr TimestampMs kNow = 1'700'000'000'000;
const std::string kHostile = "\"'><script>alert(1)</script>\xff";

bool Has(const Html& html, std::string_view text) {
  return html.text().find(text) != std::string::npos;
}

size_t CountOf(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

scrape::TargetStatus Target(const std::string& job, const std::string& instance,
                            scrape::TargetHealth health) {
  scrape::TargetStatus target;
  target.job = job;
  target.labels = {{"instance", instance}, {"job", job}};
  target.url = "http://" + instance + "/metrics";
  target.health = health;
  target.last_error = health == scrape::TargetHealth::kDown ? "connect: refused" : "";
  target.last_scrape_ms = kNow - 3'000;
  target.scrape_interval = std::chrono::seconds(15);
  return target;
}

scrape::ScraperStatus Scraper() {
  scrape::ScraperStatus status;
  status.jobs = {"node", "web"};
  status.active = {Target("node", "a:1", scrape::TargetHealth::kUp),
                   Target("node", "b:1", scrape::TargetHealth::kDown),
                   Target("web", "c:1", scrape::TargetHealth::kUp)};
  status.dropped_counts["node"] = 4;
  return status;
}

scrape::ScraperStatus HostileScraper() {
  scrape::ScraperStatus status;
  status.jobs = {kHostile};
  status.active = {Target(kHostile, kHostile, scrape::TargetHealth::kDown)};
  status.active[0].last_error = kHostile;
  status.active[0].url = "javascript:alert(1)//" + kHostile;
  status.dropped_counts[kHostile] = 1;
  return status;
}

scrape::ScraperView Discovered(const std::string& address, const std::string& env) {
  relabel::Rule rule;
  rule.action = relabel::Action::kDrop;
  rule.source_labels = {"env"};
  rule.regex = "dev|<x>";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  scrape::JobConfig job;
  job.name = address;
  job.relabel = *program;
  scrape::TargetGroup group;
  group.targets = {{{"__address__", address}, {"env", env}}, {{"__address__", "up:1"}}};
  scrape::PoolView pool;
  for (const auto& target : scrape::BuildTargets(job, {group}).active) {
    pool.ids.emplace(target.identity, 1);
  }
  pool.job = std::make_shared<scrape::JobConfig>(job);
  pool.groups = {std::make_shared<scrape::TargetGroup>(group)};
  scrape::ScraperView view;
  view.pools.push_back(std::move(pool));
  return view;
}

remotewrite::DestinationStatus Destination(const std::string& name, const std::string& error) {
  remotewrite::DestinationStatus status;
  status.name = name;
  status.url = name;
  status.state = remotewrite::DestinationState::kRetrying;
  status.last_error = error;
  status.pending_seconds = 200;
  status.protocol = "1.0 snappy";
  status.progress.pending_bytes = 2'048;
  status.progress.ledger = {.appended = 12'345, .acknowledged = 12'000, .pending = 300};
  status.progress.ledger.dropped[0] = 45;
  status.progress.lost = {{.reason = buffer::DropReason::kBudget,
                           .from_ms = kNow - 60'000,
                           .to_ms = kNow,
                           .samples = 77}};
  status.troubles = {{.tenant = error, .last_error = error}};
  return status;
}

Explanation Explained(const std::string& text) {
  Path path{.job = text, .labels = {{"a", text}}, .sentence = text};
  path.stages = {{.name = text, .verdict = Verdict::kStopped, .text = text}};
  path.stages[0].steps = {{.rule = 0, .text = text, .kept = true, .after = {{"b", text}}}};
  path.deliveries = {{.name = text, .text = text}};
  return {.sentence = text, .paths = {path, path}, .matched = 2, .notes = {text}};
}

}  // namespace

TEST_CASE("nothing that comes from elsewhere is markup on any page", "[pages]") {
  OverviewView overview{.scraper = HostileScraper(),
                        .destinations = {Destination(kHostile, kHostile)},
                        .reload_error = kHostile,
                        .now_ms = kNow};
  overview.history[kHostile] = {{.time_ms = kNow}};
  StatusView status{.config_file = kHostile, .data_directory = kHostile, .url = kHostile};
  status.disk = {{.name = kHostile, .used = 1, .limit = 2, .text = kHostile}};
  const std::string rules = "- {source_labels: [a], regex: '<script>', target_label: b}";
  const std::vector<Html> pages = {
      OverviewPage(overview),
      TargetsPage(HostileScraper(), {.text = kHostile}, kNow),
      TargetsPage(HostileScraper(), {}, kNow),
      DiscoveryPage(Discovered(kHostile, "<x>"), {}),
      DiscoveryPage(Discovered(kHostile, "<x>"), {.text = kHostile, .job = kHostile}),
      DestinationsPage({.destinations = {Destination(kHostile, kHostile)}, .now_ms = kNow}),
      ExplainPage({.match = kHostile, .error = kHostile, .explanation = Explained(kHostile)}),
      RelabelPage(TryRules(rules, "a{a=\"<script>\"}\n" + kHostile)),
      RelabelPage(TryRules(kHostile, kHostile)),
      StatusPage(status),
      ConfigPage(kHostile),
      FlagsPage({{kHostile, kHostile}})};
  for (const Html& page : pages) {
    INFO(page.text());
    CHECK_FALSE(Has(page, "<script"));
    CHECK_FALSE(Has(page, "href=\"javascript"));
    CHECK_FALSE(Has(page, "\xff"));
    CHECK_FALSE(Has(page, "\"'>"));
    CHECK(CountOf(page.text(), "<div") == CountOf(page.text(), "</div>"));
    CHECK(CountOf(page.text(), "<section") == CountOf(page.text(), "</section>"));
    CHECK(CountOf(page.text(), "<td") == CountOf(page.text(), "</td>"));
  }
}

TEST_CASE("a page needs nothing but our own files, and runs no other", "[pages]") {
  const HttpServerResponse answer = PageAnswer("targets", Html());
  CHECK(answer.body.find("://") == std::string::npos);
  CHECK(answer.body.find("href=\"/") == std::string::npos);
  CHECK(answer.body.find("<a href=\"targets\" aria-current=\"page\">") != std::string::npos);
  REQUIRE_FALSE(answer.headers.empty());
  CHECK(answer.headers[0].first == "Content-Security-Policy");
  CHECK(answer.headers[0].second.find("default-src 'none'") == 0);
  CHECK(answer.headers[0].second.find("unsafe") == std::string::npos);
  for (const char* const file : {"static/pages.css", "static/pages.js", "static/icon.svg"}) {
    CHECK(answer.body.find(file) != std::string::npos);
    CHECK(FindAsset(file).content.size() > 100);
  }
  CHECK(FindAsset("static/none").content_type.empty());
  CHECK(IsPage("overview"));
  CHECK_FALSE(IsPage("nothing"));
}

TEST_CASE("targets are filtered by text, state and job", "[pages]") {
  const auto shown = [](const TargetsFilter& filter) {
    const Html page = TargetsPage(Scraper(), filter, kNow);
    std::string all;
    for (const char* const each : {"a:1", "b:1", "c:1"}) {
      if (Has(page, std::string("http://") + each + "/metrics\">")) all += each[0];
    }
    return all;
  };
  CHECK(shown({}) == "abc");
  CHECK(shown({.text = "B:1"}) == "b");
  CHECK(shown({.text = "REFUSED"}) == "b");
  CHECK(shown({.state = "up"}) == "ac");
  CHECK(shown({.job = "node"}) == "ab");
  CHECK(shown({.text = "nothing"}).empty());
  const Html page = TargetsPage(Scraper(), {.state = "down"}, kNow);
  CHECK(Has(page, "1 of 3 targets"));
  CHECK(Has(page, "<option selected value=\"down\">"));
  CHECK(Has(page, "connect: refused"));
  CHECK(Has(page, "3s ago"));
}

TEST_CASE("more targets than fit on a page are counted", "[pages]") {
  scrape::ScraperStatus status;
  for (int i = 0; i < 600; ++i) {
    status.active.push_back(Target("j", std::to_string(i), scrape::TargetHealth::kUp));
  }
  const Html page = TargetsPage(status, {}, kNow);
  CHECK(Has(page, "600 of 600 targets; the first 500 are shown"));
  CHECK(CountOf(page.text(), "<tr>") == 500 + 1);
}

TEST_CASE("discovery shows dropped targets with the rule that dropped them", "[pages]") {
  const Html page = DiscoveryPage(Discovered("a:1", "dev"), {});
  CHECK(Has(page, "1 active of 2 found"));
  CHECK(Has(page, "dropped by relabel_configs[0] (drop [env] &quot;dev|&lt;x&gt;&quot;)"));
  CHECK(Has(DiscoveryPage(Discovered("a:1", "dev"), {.state = "active"}), "active</span>"));
  CHECK_FALSE(Has(DiscoveryPage(Discovered("a:1", "dev"), {.state = "active"}), "not scraped"));
  CHECK_FALSE(Has(DiscoveryPage(Discovered("a:1", "dev"), {.state = "dropped"}), "up:1"));
}

TEST_CASE("the overview follows samples and says what to look at", "[pages]") {
  OverviewView view{.scraper = Scraper(),
                    .log_bytes_max = 4'096,
                    .destinations = {Destination("vm", "502 Bad Gateway")},
                    .now_ms = kNow};
  view.log.bytes = 2'048;
  const Html page = OverviewPage(view);
  CHECK(Has(page, "<div class=\"big\">7 <small>found"));
  CHECK(Has(page, "2 <small>of 3 up"));
  CHECK(Has(page, "2 KiB"));
  CHECK(Has(page, "502 Bad Gateway"));
  CHECK(Has(page, "connect: refused"));
  CHECK(Has(page, ">12,345</td>"));
  CHECK(Has(page, "<span class=\"badge good\">yes</span>"));
  view.destinations[0].progress.ledger.acknowledged += 1;
  CHECK(Has(OverviewPage(view), "<span class=\"badge bad\">no</span>"));
  CHECK(Has(OverviewPage({.now_ms = kNow}), "<span class=\"badge good\">nothing</span>"));
}

TEST_CASE("a destination is shown with backlog, ledger and what was lost", "[pages]") {
  const Html page = DestinationsPage(
      {.destinations = {Destination("vm", "503")}, .retried = {{"vm", 1'500}}, .now_ms = kNow});
  CHECK(Has(page, "<dt>Behind</dt><dd>3m20s"));
  CHECK(Has(page, "<dt>Backlog</dt><dd>2 KiB"));
  CHECK(Has(page, "<dt>Samples retried</dt><dd>1,500"));
  CHECK(Has(page, "dropped: relabel"));
  CHECK(Has(page, "2023-11-14 22:12:20 to 2023-11-14 22:13:20"));
  CHECK(CountOf(page.text(), "<svg") == 3);
  CHECK(Has(DestinationsPage({.now_ms = kNow}), "nothing is delivered"));
}

TEST_CASE("rules are tried on each label set, step by step", "[pages]") {
  const RelabelView view = TryRules(
      "- {source_labels: [env], regex: dev, action: drop}\n- {source_labels: [env], "
      "target_label: e}\n",
      "up{env=\"dev\"}\n\nup{env=\"prod\"}\nup{");
  CHECK(view.error.empty());
  REQUIRE(view.trials.size() == 3);
  CHECK_FALSE(view.trials[0].kept);
  CHECK(view.trials[1].kept);
  CHECK(view.trials[1].result.Get("e") == "prod");
  REQUIRE(view.trials[1].steps.size() == 2);
  CHECK(view.trials[2].error == "expected a label name at position 4 of \"up{\"");
  CHECK(TryRules("- {action: nonsense}", "").error.find("unknown relabel action") !=
        std::string::npos);
  CHECK(TryRules("", "up").trials.empty());
}

TEST_CASE("an explanation shows its stages and rules", "[pages]") {
  Explanation explanation = Explained("why");
  explanation.paths.resize(1);
  const Html page = ExplainPage({.match = "up", .explanation = explanation});
  CHECK(Has(page, "<div class=\"note bad sentence\">why</div>"));
  CHECK(Has(page, "<li class=\"stopped\">"));
  CHECK(Has(page, "1 rule, step by step"));
  CHECK(Has(page, "value=\"up\""));
  CHECK(Has(ExplainPage({.match = "{", .error = "bad"}), "<div class=\"note bad\">bad</div>"));
}

}  // namespace sluice::agent
