#include "scrape/response.h"

#include <algorithm>
#include <string>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

std::string HeaderOf(const HttpRequest& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return "(none)";
}

TEST_CASE("a scrape asks for what can be parsed, and says how long it waits", "[response]") {
  const HttpRequest request =
      ScrapeRequest("http://h/metrics", std::chrono::milliseconds(9500), true);
  CHECK(request.method == "GET");
  CHECK(request.accept_gzip);
  CHECK(request.timeout == std::chrono::milliseconds(9500));
  CHECK(HeaderOf(request, "Accept") ==
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
        "*/*;q=0.2");
  CHECK(HeaderOf(request, "X-Prometheus-Scrape-Timeout-Seconds") == "9.5");
  CHECK(HeaderOf(request, "Accept-Encoding") == "(none)");
  const HttpRequest plain = ScrapeRequest("http://h/m", std::chrono::seconds(10), false);
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

TEST_CASE("the content type must be one that can be read", "[response]") {
  CHECK(CheckContentType("text/plain").ok());
  CHECK(CheckContentType("text/plain; version=0.0.4; charset=utf-8").ok());
  CHECK(CheckContentType("TEXT/Plain;version=9").ok());
  CHECK(CheckContentType("").error().message ==
        "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol "
        "specified for target");
  CHECK(CheckContentType("text/html").error().message ==
        "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol "
        "specified for target");
  CHECK_FALSE(CheckContentType("text/plainly").ok());
}

TEST_CASE("a timeout reads as Prometheus writes it", "[response]") {
  CHECK(TransferError("http://h/m", {ErrorCode::kTimeout, "x"}) ==
        "Get \"http://h/m\": context deadline exceeded");
  CHECK(TransferError("http://h/m", {ErrorCode::kRetryable, "connection refused"}) ==
        "Get \"http://h/m\": connection refused");
}

}  // namespace
}  // namespace sluice::scrape
