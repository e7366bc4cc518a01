// Scrapes of targets that answer in the protobuf format.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "protobuf_support.h"
#include "scraper_fixture.h"

namespace sluice::scrape {
namespace {

using sluice::test::ScriptedRequest;
using Fixture = test::ScraperFixture;

using Lines = std::vector<std::string>;

const char* const kType =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

// A gauge and a histogram that is a native one with a classic bucket, too.
std::string Body() {
  return test::PageOf(
      {"name: 'g' type: GAUGE metric { gauge { value: 2 } }",
       "name: 'h' type: HISTOGRAM metric { histogram { sample_count: 4 sample_sum: 9 schema: 0 "
       "positive_span { offset: 0 length: 3 } positive_delta: [1, 1, -1] bucket { "
       "cumulative_count: 3 upper_bound: 1 } } }"});
}

struct ProtobufFixture : Fixture {
  ProtobufFixture() {
    server.SetScript([](const ScriptedRequest&) { return test::Page(Body(), kType); });
  }

  JobConfig NativeJob() {
    JobConfig job = Job();
    job.scrape_native_histograms = true;
    job.scrape_protocols = DefaultScrapeProtocols(/*native_histograms=*/true);
    return job;
  }
};

const Lines kNative = {"g 2.0", "h {schema:0, count:4, sum:9, (0.5,1]:1, (1,2]:2, (2,4]:1}",
                       "up 1.0"};

TEST_CASE_METHOD(ProtobufFixture, "native histograms reach the log", "[scraper]") {
  scraper->Apply({NativeJob()}, {});
  ScrapeOnce();
  CHECK(Only().last_error.empty());
  CHECK(Logged() == kNative);
  auto headers = server.requests().front().headers;
  CHECK_THAT(headers["accept"], Catch::StartsWith("application/vnd.google.protobuf;"));
}

TEST_CASE_METHOD(ProtobufFixture, "without native histograms a protobuf page has classic ones",
                 "[scraper]") {
  scraper->Apply({Job()}, {});
  ScrapeOnce();
  CHECK(Logged() ==
        Lines{"g 2.0", "h_count 4.0", "h_sum 9.0", "h_bucket 3.0", "h_bucket 4.0", "up 1.0"});
}

TEST_CASE_METHOD(ProtobufFixture, "relabeling decides about the histograms of a target",
                 "[scraper]") {
  relabel::Rule rule;
  rule.target_label = "__scrape_native_histograms__";
  rule.replacement = "1";
  auto program = relabel::Program::Compile({rule});
  REQUIRE(program.ok());
  JobConfig job = Job();
  job.relabel = *program;
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK(Logged() == kNative);
}

TEST_CASE_METHOD(ProtobufFixture, "too many buckets are counted and fail the scrape", "[scraper]") {
  JobConfig job = NativeJob();
  job.convert_classic_histograms_to_nhcb = true;
  job.scrape_native_histograms = false;
  job.native_histogram_bucket_limit = 1;
  scraper->Apply({job}, {});
  ScrapeOnce();
  CHECK(Only().last_error == "histogram bucket limit exceeded");
  CHECK(Logged() == Lines{"up 0.0"});
  CHECK_THAT(telemetry.ExposeText(),
             Catch::Contains("exceeded_native_histogram_bucket_limit_total 1"));
}

TEST_CASE_METHOD(ProtobufFixture, "other rules for histograms are another page", "[scraper]") {
  scraper->Apply({NativeJob()}, {});
  ScrapeOnce();
  JobConfig changed = NativeJob();
  changed.fingerprint = "2";
  changed.scrape_native_histograms = false;
  scraper->Apply({changed}, {});
  Pass(1);
  REQUIRE(CountLogged("h_count 4.0") == 1);
  // Nothing was handed over: the target of before ends on its own, and with it what is no more.
  CHECK(CountLogged("h stale") == 0);
  Pass(3);
  CHECK(CountLogged("h stale") == 1);
  CHECK(CountLogged("g stale") == 0);
}

}  // namespace
}  // namespace sluice::scrape
