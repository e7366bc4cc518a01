#include "scrape/job_config.h"

#include <functional>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

using Change = std::function<void(JobConfig&)>;

TEST_CASE("a page outlives changes of how it is fetched", "[job_config]") {
  const std::vector<Change> changes = {
      [](JobConfig& job) { job.scrape_interval = std::chrono::seconds(5); },
      [](JobConfig& job) { job.scrape_timeout = std::chrono::seconds(5); },
      [](JobConfig& job) { job.sample_limit = 5; },
      [](JobConfig& job) { job.body_size_limit = 5; },
      [](JobConfig& job) { job.scrape_protocols = {ScrapeProtocol::kPrometheusText0_0_4}; },
      [](JobConfig& job) { job.enable_compression = false; },
      [](JobConfig& job) { job.fingerprint = "x"; }};
  for (size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    JobConfig changed;
    changes[i](changed);
    CHECK(MakeSamePages({}, changed));
  }
}

TEST_CASE("a page does not outlive changes of what becomes of its series", "[job_config]") {
  const auto relabel = [](std::string regex) {
    return [regex](JobConfig& job) {
      relabel::Rule rule;
      rule.action = relabel::Action::kLabelDrop;
      rule.regex = regex;
      auto program = relabel::Program::Compile({rule});
      REQUIRE(program.ok());
      job.metric_relabel = *program;
    };
  };
  const std::vector<Change> changes = {
      [](JobConfig& job) { job.honor_labels = true; },
      [](JobConfig& job) { job.honor_timestamps = false; },
      [](JobConfig& job) { job.track_timestamps_staleness = true; },
      [](JobConfig& job) { job.respell_labels = false; },
      [](JobConfig& job) { job.extra_scrape_metrics = true; },
      [](JobConfig& job) { job.label_limits.count = 5; },
      [](JobConfig& job) { job.label_limits.name_length = 5; },
      [](JobConfig& job) { job.label_limits.value_length = 5; },
      [](JobConfig& job) { job.sample_limit_policy = SampleLimitPolicy::kKeepKnown; },
      relabel("a"),
      relabel("b")};
  for (size_t i = 0; i < changes.size(); ++i) {
    for (size_t j = 0; j < changes.size(); ++j) {
      CAPTURE(i, j);
      JobConfig before;
      JobConfig after;
      changes[i](before);
      changes[j](after);
      CHECK(MakeSamePages(before, after) == (i == j));
      CHECK_FALSE(MakeSamePages({}, after));
    }
  }
}

}  // namespace
}  // namespace sluice::scrape
