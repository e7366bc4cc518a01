#include "agent/features.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("features that an agent can have are enabled", "[agent]") {
  const Result<Features> features =
      ParseFeatures({"extra-scrape-metrics,auto-reload-config", "extra-scrape-metrics"});
  REQUIRE(features.ok());
  CHECK(features->extra_scrape_metrics);
  CHECK(features->auto_reload_config);
  CHECK(features->warnings.empty());
  CHECK_FALSE(ParseFeatures({})->extra_scrape_metrics);
  CHECK(ParseFeatures({"", ","})->warnings.empty());
}

TEST_CASE("features that do nothing are accepted with the reason", "[agent]") {
  CHECK(ParseFeatures({"metadata-wal-records,nonsense,promql-per-step-stats,native-histograms,"
                       "type-and-unit-labels"})
            ->warnings ==
        Lines{"--enable-feature=metadata-wal-records is always on",
              "--enable-feature=native-histograms has no effect: scrape_native_histograms in the "
              "configuration file has",
              "unknown option for --enable-feature: nonsense",
              "--enable-feature=promql-per-step-stats has no effect in an agent",
              "--enable-feature=type-and-unit-labels is not supported yet and has no effect"});
}

TEST_CASE("features that exclude each other are refused", "[agent]") {
  CHECK(ParseFeatures({"otlp-deltatocumulative", "otlp-native-delta-ingestion"}).error().message ==
        "cannot enable otlp-deltatocumulative and otlp-native-delta-ingestion features at the same "
        "time");
}

}  // namespace
}  // namespace sluice::agent
