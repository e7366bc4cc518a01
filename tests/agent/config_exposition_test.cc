// What jobs say about native histograms and about names, with what they inherit.
#include <string>

#include <catch2/catch.hpp>

#include "agent/config/global_section.h"
#include "agent/config/scrape_section.h"
#include "base/yaml.h"

namespace sluice::agent {
namespace {

using relabel::NameScheme;
using scrape::NameEscaping;
using scrape::ScrapeProtocol;

struct Decoded {
  scrape::JobConfig job;
  std::string error;  // the first one; decoding goes on after it
};

Decoded Decode(const std::string& global_fields, const std::string& job_fields) {
  Decoder decoder("f.yml");
  const auto no_variables = [](std::string_view) { return std::nullopt; };
  const Result<YamlNode> global_node = ParseYaml("{" + global_fields + "}", "f.yml");
  const Result<YamlNode> jobs_node = ParseYaml("[{job_name: j, " + job_fields + "}]", "f.yml");
  REQUIRE(global_node.ok());
  REQUIRE(jobs_node.ok());
  GlobalSection global;
  DecodeGlobal(Value(decoder, *global_node, "global"), no_variables, global);
  JobNames names;
  auto jobs = DecodeScrapeConfigs(Value(decoder, *jobs_node, "scrape_configs"), global, names);
  REQUIRE(jobs.size() == 1);
  return {.job = std::move(jobs[0]), .error = decoder.failed() ? decoder.error().message : ""};
}

TEST_CASE("what is said about histograms is inherited, and a false wins over a true", "[agent]") {
  const std::string all_true =
      "scrape_native_histograms: true, always_scrape_classic_histograms: true, "
      "convert_classic_histograms_to_nhcb: true";
  const scrape::JobConfig defaults = Decode("", "").job;
  CHECK_FALSE(defaults.scrape_native_histograms);
  CHECK_FALSE(defaults.always_scrape_classic_histograms);
  CHECK_FALSE(defaults.convert_classic_histograms_to_nhcb);
  CHECK(defaults.native_histogram_bucket_limit == 0);
  CHECK(defaults.native_histogram_min_bucket_factor == 0);
  for (const auto& [global, own] : {std::pair{all_true, std::string()}, {"", all_true}}) {
    const scrape::JobConfig job = Decode(global, own).job;
    CHECK(job.scrape_native_histograms);
    CHECK(job.always_scrape_classic_histograms);
    CHECK(job.convert_classic_histograms_to_nhcb);
  }
  const scrape::JobConfig denied =
      Decode(all_true,
             "scrape_native_histograms: false, always_scrape_classic_histograms: false, "
             "convert_classic_histograms_to_nhcb: false")
          .job;
  CHECK_FALSE(denied.scrape_native_histograms);
  CHECK_FALSE(denied.always_scrape_classic_histograms);
  CHECK_FALSE(denied.convert_classic_histograms_to_nhcb);
  CHECK(Decode(all_true, "scrape_native_histograms: null").job.scrape_native_histograms);
}

TEST_CASE("the bounds of native histograms are numbers of a job alone", "[agent]") {
  CHECK(Decode("", "native_histogram_bucket_limit: 160").job.native_histogram_bucket_limit == 160);
  CHECK(Decode("", "native_histogram_min_bucket_factor: 1.1")
            .job.native_histogram_min_bucket_factor == 1.1);
  CHECK(
      Decode("", "native_histogram_min_bucket_factor: 2").job.native_histogram_min_bucket_factor ==
      2);
  CHECK(Decode("",
               "native_histogram_bucket_limit: 160, native_histogram_min_bucket_factor: 1.1, "
               "scrape_native_histograms: true, convert_classic_histograms_to_nhcb: true, "
               "fallback_scrape_protocol: PrometheusProto, scrape_protocols: [PrometheusProto]")
            .error.empty());
  CHECK_THAT(Decode("", "native_histogram_bucket_limit: -1").error,
             Catch::Contains("native_histogram_bucket_limit: "));
  CHECK_THAT(Decode("scrape_native_histograms: 1", "").error,
             Catch::Contains("scrape_native_histograms: "));
  CHECK(Decode("native_histogram_bucket_limit: 1", "").error ==
        "f.yml:1: global: field native_histogram_bucket_limit not found in type config.plain");
}

TEST_CASE("native histograms put protobuf first, unless a list of protocols is written",
          "[agent]") {
  const auto first = [](const std::string& global, const std::string& job) {
    return Decode(global, job).job.scrape_protocols.front();
  };
  CHECK(first("", "") == ScrapeProtocol::kOpenMetricsText1_0_0);
  CHECK(first("", "scrape_native_histograms: true") == ScrapeProtocol::kPrometheusProto);
  CHECK(first("scrape_native_histograms: true", "") == ScrapeProtocol::kPrometheusProto);
  CHECK(first("scrape_native_histograms: true", "scrape_native_histograms: false") ==
        ScrapeProtocol::kOpenMetricsText1_0_0);
  CHECK(first("scrape_native_histograms: true, scrape_protocols: [PrometheusText0.0.4]", "") ==
        ScrapeProtocol::kPrometheusText0_0_4);
  CHECK(first("scrape_native_histograms: true", "scrape_protocols: [PrometheusText0.0.4]") ==
        ScrapeProtocol::kPrometheusText0_0_4);
  CHECK(Decode("", "scrape_native_histograms: true").job.scrape_protocols.size() == 5);
}

TEST_CASE("the escaping of names follows the validation where it is said nearest", "[agent]") {
  struct Row {
    std::string global;
    std::string job;
    NameScheme validation;
    NameEscaping escaping;
  };

  const Row rows[] = {
      {"", "", NameScheme::kUtf8, NameEscaping::kAllowUtf8},
      {"metric_name_validation_scheme: ''", "", NameScheme::kUtf8, NameEscaping::kAllowUtf8},
      {"metric_name_validation_scheme: legacy", "", NameScheme::kLegacy,
       NameEscaping::kUnderscores},
      {"metric_name_validation_scheme: legacy, metric_name_escaping_scheme: dots", "",
       NameScheme::kLegacy, NameEscaping::kDots},
      {"", "metric_name_validation_scheme: legacy", NameScheme::kLegacy,
       NameEscaping::kUnderscores},
      {"", "metric_name_validation_scheme: legacy, metric_name_escaping_scheme: values",
       NameScheme::kLegacy, NameEscaping::kValues},
      {"metric_name_escaping_scheme: dots", "metric_name_validation_scheme: utf8",
       NameScheme::kUtf8, NameEscaping::kAllowUtf8},
      {"metric_name_validation_scheme: legacy, metric_name_escaping_scheme: values",
       "metric_name_validation_scheme: utf8, metric_name_escaping_scheme: dots", NameScheme::kUtf8,
       NameEscaping::kDots},
      {"metric_name_escaping_scheme: dots", "", NameScheme::kUtf8, NameEscaping::kDots},
  };
  for (const Row& row : rows) {
    CAPTURE(row.global, row.job);
    const scrape::JobConfig job = Decode(row.global, row.job).job;
    CHECK(job.metric_name_validation_scheme == row.validation);
    CHECK(job.metric_name_escaping_scheme == row.escaping);
  }
}

}  // namespace
}  // namespace sluice::agent
