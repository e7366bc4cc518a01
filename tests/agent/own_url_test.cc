#include "agent/own_url.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

TEST_CASE("the prefix of routes follows from the external URL unless it is given", "[own_url]") {
  const auto prefix = [](const std::string& url, const std::string& given) {
    return OwnUrl::Make(url, given, "0.0.0.0:9090")->route_prefix();
  };
  CHECK(prefix("", "").empty());
  CHECK(prefix("http://a.example", "").empty());
  CHECK(prefix("http://a.example/x/y/", "") == "/x/y");
  CHECK(prefix("http://a.example/x/y/", "/").empty());
  CHECK(prefix("http://a.example/x", "z/") == "/z");
}

TEST_CASE("an external URL that is none is refused", "[own_url]") {
  for (const char* bad : {"\"http://a\"", "a.example", "ftp://a", "http://a b"}) {
    CAPTURE(bad);
    CHECK_FALSE(OwnUrl::Make(bad, "", ":9090").ok());
  }
}

TEST_CASE("loopback addresses of targets become ours for others", "[own_url]") {
  const auto own = OwnUrl::Make("https://a.example:443/x", "", "127.0.0.1:9090");
  REQUIRE(own.ok());
  CHECK(own->text() == "https://a.example:443/x/");
  CHECK(own->GlobalUrl("http://b:1/metrics") == "http://b:1/metrics");
  CHECK(own->GlobalUrl("http://localhost:9100/metrics?a=b:c") ==
        "http://a.example:9100/metrics?a=b:c");
  CHECK(own->GlobalUrl("http://[::1]:9100/") == "http://a.example:9100/");
  // Ourselves.
  CHECK(own->GlobalUrl("http://127.0.0.1:9090/x/metrics") == "https://a.example:443/x/metrics");
  CHECK(own->GlobalUrl("http://localhost/metrics") == "http://localhost/metrics");
}

}  // namespace
}  // namespace sluice::agent
