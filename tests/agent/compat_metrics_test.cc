#include "agent/compat_metrics.h"

#include <set>

#include <catch2/catch.hpp>

#include "base/telemetry.h"

namespace sluice::agent {
namespace {

bool HasLine(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("our metrics are exposed under the names of others", "[compat_metrics]") {
  Telemetry telemetry;
  const MetricLabels far = {{"remote_name", "far"}, {"url", "http://a/\"b\\"}};
  const auto with = [&](const std::string& name, const std::string& value) {
    MetricLabels labels = far;
    labels[name] = value;
    return labels;
  };
  const std::string answers = "sluice_destination_answers_total";
  telemetry.AddCounter(answers, "", with("class", "2xx")).Increment(5);
  telemetry.AddCounter(answers, "", with("class", "5xx")).Increment(3);
  telemetry.AddCounter(answers, "", with("class", "none")).Increment(1);
  const std::string appended = "prometheus_agent_samples_appended_total";
  telemetry.AddCounter(appended, "", {{"type", "float"}}).Increment(7);
  telemetry.AddCounter(appended, "", {{"type", "histogram"}}).Increment(2);
  const std::string highest = "prometheus_remote_storage_queue_highest_timestamp_seconds";
  telemetry.AddGauge(highest, "", {{"remote_name", "a"}}).Set(10.5);
  telemetry.AddGauge(highest, "", {{"remote_name", "b"}}).Set(9);
  telemetry.AddHistogram("prometheus_remote_storage_sent_batch_duration_seconds", "", far, {1})
      .Observe(0.5);
  telemetry.AddCounter("sluice_buffer_appended_samples_total", "").Increment(4);
  telemetry.AddCounter("prometheus_http_requests_total", "", {{"handler", "/"}, {"code", "200"}})
      .Increment();

  const std::string text = ExposeCompatMetrics(telemetry.ExposeText());
  CAPTURE(text);
  const std::string labels = R"(remote_name="far",url="http://a/\"b\\")";
  CHECK(HasLine(text, "vmagent_remotewrite_blocks_sent_total{" + labels + "} 5"));
  CHECK(HasLine(text, "vmagent_remotewrite_retries_count_total{" + labels + "} 4"));
  CHECK(HasLine(text, "vmagent_remotewrite_requests_total{status_code=\"5xx\"," + labels + "} 3"));
  CHECK(HasLine(text, "# TYPE vmagent_remotewrite_requests_total counter"));
  CHECK(HasLine(text, "prometheus_remote_storage_samples_in_total 9"));
  CHECK(HasLine(text, "prometheus_tsdb_head_samples_appended_total{type=\"float\"} 7"));
  CHECK(HasLine(text, "prometheus_remote_storage_highest_timestamp_in_seconds 10.5"));
  CHECK(HasLine(text, "vmagent_remotewrite_send_duration_seconds_total{" + labels + "} 0.5"));
  CHECK(HasLine(text, "vmagent_remotewrite_duration_seconds_count{" + labels + "} 1"));
  CHECK(HasLine(text, "vmagent_remotewrite_duration_seconds_bucket{" + labels + ",le=\"1\"} 1"));
  CHECK(HasLine(text, "vmagent_rows_inserted_total{type=\"promscrape\"} 4"));
  CHECK(HasLine(text, "vmagent_http_requests_total{code=\"200\",path=\"/\"} 1"));
  CHECK(text.find("vm_app_version") == std::string::npos);  // there is no source
}

TEST_CASE("no name is given twice, nor to what has it already", "[compat_metrics]") {
  std::set<std::string_view> names;
  for (const CompatMetric& metric : CompatMetrics()) {
    CAPTURE(metric.name);
    CHECK(names.insert(metric.name).second);
    CHECK(metric.name != metric.source);
  }
}

TEST_CASE("text that is cut anywhere is survived", "[compat_metrics]") {
  const std::string whole =
      "# TYPE sluice_destination_answers_total counter\n"
      "sluice_destination_answers_total{class=\"2xx\",url=\"a\\\"b\"} 1\n";
  for (size_t size = 0; size <= whole.size(); ++size) {
    static_cast<void>(ExposeCompatMetrics(std::string_view(whole).substr(0, size)));
  }
}

}  // namespace
}  // namespace sluice::agent
