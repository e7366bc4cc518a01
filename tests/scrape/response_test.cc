#include "scrape/response.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return "(none)";
}

std::optional<PageFormat> ReadAs(std::string_view content_type,
                                 std::optional<ScrapeProtocol> fallback) {
  const Result<PageFormat> format = FormatOf(content_type, fallback);
  return format.ok() ? std::optional(*format) : std::nullopt;
}

TEST_CASE("a scrape asks for what can be parsed, and says how long it waits", "[response]") {
  const HttpRequest request =
      ScrapeRequest("http://h/metrics", std::chrono::milliseconds(9500), {});
  CHECK(request.method == "GET");
  CHECK(request.accept_gzip);
  CHECK(request.timeout == std::chrono::milliseconds(9500));
  CHECK(HeaderOf(request, "Accept") ==
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
        "application/openmetrics-text;version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
        "*/*;q=0.2");
  CHECK(HeaderOf(request, "X-Prometheus-Scrape-Timeout-Seconds") == "9.5");
  CHECK(HeaderOf(request, "Accept-Encoding") == "(none)");
  JobConfig uncompressed;
  uncompressed.enable_compression = false;
  const HttpRequest plain = ScrapeRequest("http://h/m", std::chrono::seconds(10), uncompressed);
  CHECK_FALSE(plain.accept_gzip);
  CHECK(HeaderOf(plain, "Accept-Encoding") == "identity");
  CHECK(HeaderOf(plain, "X-Prometheus-Scrape-Timeout-Seconds") == "10");
}

TEST_CASE("only 200 is a scrape that went well", "[response]") {
  HttpResponseHead head;
  head.status = 200;
  CHECK(CheckStatus(head).ok());
  head.status = 503;
  head.reason = "Service Unavailable";
  CHECK(CheckStatus(head).error().message == "server returned HTTP status 503 Service Unavailable");
  head.reason.clear();
  CHECK(CheckStatus(head).error().message == "server returned HTTP status 503 Service Unavailable");
  head.status = 204;
  CHECK(CheckStatus(head).error().message == "server returned HTTP status 204 No Content");
  head.status = 599;
  CHECK(CheckStatus(head).error().message == "server returned HTTP status 599");
}

TEST_CASE("protocols are asked for in the order of the list", "[response]") {
  using P = ScrapeProtocol;
  CHECK(AcceptHeader({P::kPrometheusText0_0_4}, NameEscaping::kAllowUtf8) ==
        "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
  CHECK(AcceptHeader({P::kPrometheusText0_0_4, P::kPrometheusProto, P::kPrometheusText1_0_0},
                     NameEscaping::kAllowUtf8) ==
        "text/plain;version=0.0.4;q=0.6,application/vnd.google.protobuf;"
        "proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,*/*;q=0.3");
  CHECK(
      AcceptHeader(DefaultScrapeProtocols(/*native_histograms=*/true), NameEscaping::kAllowUtf8) ==
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"
      "encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;"
      "escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,"
      "*/*;q=0.1");
}

TEST_CASE("formats that have names beyond the legacy ones are asked for their escaping",
          "[response]") {
  using P = ScrapeProtocol;
  const std::vector<P> protocols = {P::kPrometheusText1_0_0, P::kPrometheusText0_0_4};
  const std::pair<NameEscaping, std::string> rows[] = {{NameEscaping::kAllowUtf8, "allow-utf-8"},
                                                       {NameEscaping::kUnderscores, "underscores"},
                                                       {NameEscaping::kDots, "dots"},
                                                       {NameEscaping::kValues, "values"}};
  for (const auto& [escaping, name] : rows) {
    CHECK(AcceptHeader(protocols, escaping) ==
          "text/plain;version=1.0.0;escaping=" + name +
              ";q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4");
  }
  JobConfig job;
  job.metric_name_escaping_scheme = NameEscaping::kDots;
  CHECK_THAT(HeaderOf(ScrapeRequest("http://h/m", std::chrono::seconds(1), job), "Accept"),
             Catch::Contains(";escaping=dots;"));
}

TEST_CASE("the content type must be one that can be read", "[response]") {
  for (const auto* type : {"text/plain", "text/plain; version=0.0.4; charset=utf-8", "text/plain;",
                           " TEXT/Plain ;version=9", "text/plain; a=\"b;\\\"c\""}) {
    CAPTURE(type);
    CHECK(ReadAs(type, std::nullopt) == PageFormat::kPrometheusText);
  }
  for (const auto* type : {"application/openmetrics-text",
                           "Application/OpenMetrics-Text; version=1.0.0; charset=utf-8",
                           "application/openmetrics-text;version=0.0.1"}) {
    CAPTURE(type);
    // Never read in another format than the one that it states.
    CHECK(ReadAs(type, ScrapeProtocol::kPrometheusText0_0_4) == PageFormat::kOpenMetrics);
  }
  const std::string no_fallback = " and no fallback_scrape_protocol specified for target";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", "non-compliant scrape target sending blank Content-Type"},
      {"text/html", "received unsupported Content-Type \"text/html\""},
      {"text/plainly", "received unsupported Content-Type \"text/plainly\""},
      {"invalid type", "cannot parse Content-Type \"invalid type\""},
      {"text/plain; charset", "cannot parse Content-Type \"text/plain; charset\""},
      {"text/plain; a=b; A=c", "cannot parse Content-Type \"text/plain; a=b; A=c\""},
      {"text/", "cannot parse Content-Type \"text/\""}};
  for (const auto& [type, words] : rows) {
    CAPTURE(type);
    CHECK(FormatOf(type, std::nullopt).error().message == words + no_fallback);
    CHECK(ReadAs(type, ScrapeProtocol::kPrometheusText0_0_4) == PageFormat::kPrometheusText);
    CHECK(ReadAs(type, ScrapeProtocol::kOpenMetricsText0_0_1) == PageFormat::kOpenMetrics);
  }
  for (const auto* type :
       {"application/vnd.google.protobuf",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; "
        "encoding=delimited",
        "application/vnd.google.protobuf; encoding=text; proto=other"}) {
    CAPTURE(type);
    // As for Prometheus, the parameters do not matter.
    CHECK(ReadAs(type, ScrapeProtocol::kPrometheusText0_0_4) == PageFormat::kProtobuf);
  }
  CHECK(ReadAs("", ScrapeProtocol::kPrometheusProto) == PageFormat::kProtobuf);
}

TEST_CASE("a timeout reads as Prometheus writes it", "[response]") {
  CHECK(TransferError("http://h/m", {ErrorCode::kTimeout, "x"}) ==
        "Get \"http://h/m\": context deadline exceeded");
  CHECK(TransferError("http://h/m", {ErrorCode::kRetryable, "connection refused"}) ==
        "Get \"http://h/m\": connection refused");
}

}  // namespace
}  // namespace sluice::scrape
