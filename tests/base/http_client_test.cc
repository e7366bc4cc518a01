#include "base/http_client.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include "base/internal/http_text.h"
#include "base/internal/proxy_choice.h"
#include "base/internal/url_parts.h"
#include "base/public_url.h"
#include "tests/base/http_settings.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using internal::IsExemptFromProxy;

void Write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

ResolvedHttpClient Resolved(const HttpClient& client) {
  const auto resolved = client.Resolve();
  if (!resolved.ok()) FAIL(resolved.error().message);
  return **resolved;
}

// RFC 7617, 2.
TEST_CASE("basic authentication encodes name and password", "[http]") {
  CHECK(Resolved(HttpClient(test::WithBasicAuth("Aladdin", "open sesame"))).authorization ==
        "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

// RFC 4648, 10.
TEST_CASE("base64 pads as its examples do", "[http]") {
  CHECK(internal::EncodeBase64("").empty());
  CHECK(internal::EncodeBase64("f") == "Zg==");
  CHECK(internal::EncodeBase64("fo") == "Zm8=");
  CHECK(internal::EncodeBase64("foo") == "Zm9v");
  CHECK(internal::EncodeBase64("foobar") == "Zm9vYmFy");
  CHECK(internal::EncodeBase64("\xff\xfe\xfd") == "//79");
}

TEST_CASE("a credentials file is trimmed, and read again when it changed", "[http]") {
  const test::TempDir dir;
  const std::string path = dir.File("token");
  Write(path, " \tfirst\r\n\n");
  const HttpClient client(test::WithBearerFile(path));
  CHECK(Resolved(client).authorization == "Bearer first");
  // The same size, the same inode, and perhaps the same time.
  Write(path, " \tsecnd\r\n\n");
  CHECK(Resolved(client).authorization == "Bearer secnd");
  Write(dir.File("next"), "third, by rename");
  std::filesystem::rename(dir.File("next"), path);
  CHECK(Resolved(client).authorization == "Bearer third, by rename");
}

TEST_CASE("what did not change is not read again", "[http]") {
  const HttpClient without_files(test::WithBearer("c"));
  CHECK(*without_files.Resolve() == *without_files.Resolve());
}

TEST_CASE("a file that cannot be read fails the request and no more", "[http]") {
  const test::TempDir dir;
  const std::string path = dir.File("password");
  HttpClientConfig config = test::WithBasicAuth("u", "");
  config.basic_auth->password_file = path;
  const HttpClient client(config);
  const auto failed = client.Resolve();
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().code == ErrorCode::kRetryable);
  CHECK(failed.error().message ==
        "unable to read basic auth password file: " + path + ": No such file or directory");
  Write(path, "p\n");
  CHECK(Resolved(client).authorization == "Basic dTpw");
  std::filesystem::remove(path);
  CHECK_FALSE(client.Resolve().ok());
  std::filesystem::create_directory(path);
  CHECK_FALSE(client.Resolve().ok());
}

TEST_CASE("every kind of file is read", "[http]") {
  const test::TempDir dir;
  for (const std::string name : {"ca", "cert", "key", "user", "header", "secret"}) {
    Write(dir.File(name), name + "\n");
  }
  HttpClientConfig config;
  config.tls.ca_file = dir.File("ca");
  config.tls.cert_file = dir.File("cert");
  config.tls.key_file = dir.File("key");
  config.http_headers = {{.name = "X",
                          .values = {"v1", "v2"},
                          .secrets = {Secret("s")},
                          .files = {dir.File("header")}}};
  config.oauth2.emplace();
  config.oauth2->client_secret_file = dir.File("secret");
  const ResolvedHttpClient resolved = Resolved(HttpClient(config));
  CHECK(resolved.ca == "ca\n");
  CHECK(resolved.cert == "cert\n");
  CHECK(resolved.key == "key\n");
  CHECK(resolved.oauth2_secret == "secret");
  using Headers = std::vector<std::pair<std::string, std::string>>;
  CHECK(resolved.headers == Headers{{"X", "v1"}, {"X", "v2"}});
  CHECK(resolved.secret_headers == Headers{{"X", "s"}, {"X", "header"}});
}

TEST_CASE("a file cannot smuggle a header in", "[http]") {
  const test::TempDir dir;
  Write(dir.File("h"), "a\r\nHost: b");
  const auto failed = HttpClient(test::WithBearerFile(dir.File("h"))).Resolve();
  REQUIRE_FALSE(failed.ok());
  CHECK(failed.error().message ==
        "the value of header Authorization has a line end or a zero byte in it");
}

TEST_CASE("no_proxy names hosts, domains, addresses and networks", "[http]") {
  struct Row {
    const char* url;
    const char* no_proxy;
    bool exempt;
  };

  const Row rows[] = {
      {"http://example.com/", "example.com", true},
      {"http://a.example.com/", "example.com", true},
      {"http://EXAMPLE.com/", "Example.Com", true},
      {"http://notexample.com/", "example.com", false},
      {"http://example.com/", ".example.com", false},
      {"http://a.example.com/", ".example.com", true},
      {"http://a.example.com/", "*.example.com", true},
      {"http://example.com:8080/", "example.com:80", false},
      {"http://example.com/", "example.com:80", true},
      {"https://example.com/", "example.com:443", true},
      {"http://10.1.2.3:9100/metrics", "10.0.0.0/8", true},
      {"http://11.1.2.3/", "10.0.0.0/8", false},
      {"http://10.1.2.3/", "x, 10.1.2.3 ,y", true},
      {"http://10.1.2.3:81/", "10.1.2.3:80", false},
      {"http://[fd00::1]/", "fd00::/8", true},
      {"http://[fd00::1]:9/", "[fd00::1]:9", true},
      {"http://[fd00::1]/", "10.0.0.0/8", false},
      {"http://10.1.2.3/", "10.0.0.0/33,10.0.0.0/,/,:,.,,*x", false},
      {"http://anything/", "*", true},
      {"http://localhost:1/", "", true},
      {"http://127.0.0.2/", "", true},
      {"http://[::1]/", "", true},
      {"nonsense", "*", false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.url, row.no_proxy);
    CHECK(IsExemptFromProxy(row.url, row.no_proxy) == row.exempt);
  }
}

TEST_CASE("the proxy comes from the settings or from the environment", "[http]") {
  const ProxyEnvironment environment = {
      .http_proxy = "http://h:1", .https_proxy = "http://s:2", .no_proxy = "direct"};
  HttpClientConfig config;
  CHECK(HttpClient(config, environment).ProxyFor("http://a/").empty());
  config.proxy.url = Secret("http://p:3");
  CHECK(HttpClient(config, environment).ProxyFor("http://direct/") == "http://p:3");
  CHECK(HttpClient(config, environment).ProxyFor("http://127.0.0.1/") == "http://p:3");
  config.proxy.no_proxy = "own";
  CHECK(HttpClient(config, environment).ProxyFor("http://own/").empty());
  config.proxy = {};
  config.proxy.from_environment = true;
  CHECK(HttpClient(config, environment).ProxyFor("http://a/") == "http://h:1");
  CHECK(HttpClient(config, environment).ProxyFor("HTTPS://a/") == "http://s:2");
  CHECK(HttpClient(config, environment).ProxyFor("https://direct/").empty());
}

TEST_CASE("a location is resolved, and credentials stay with their origin", "[http]") {
  using internal::MaySendCredentials;
  using internal::ResolveLocation;
  CHECK(ResolveLocation("http://a:9/x/y?q", "z") == "http://a:9/x/z");
  CHECK(ResolveLocation("http://a:9/x/y", "/z?r") == "http://a:9/z?r");
  CHECK(ResolveLocation("http://a:9/x", "//b/z") == "http://b/z");
  CHECK(ResolveLocation("http://u:p@a:9/x", "http://a:9/z") == "http://u:p@a:9/z");
  CHECK(ResolveLocation("http://u:p@a:9/x", "http://b:9/z") == "http://b:9/z");
  CHECK_FALSE(ResolveLocation("http://a/", "file:///etc/passwd"));
  CHECK_FALSE(ResolveLocation("http://a/", "http://"));
  CHECK_FALSE(ResolveLocation("http://a/", ""));
  CHECK(MaySendCredentials("http://a:9/x", "http://A:9/y"));
  CHECK(MaySendCredentials("http://a/x", "https://a/y"));
  CHECK_FALSE(MaySendCredentials("https://a/x", "http://a/y"));
  CHECK_FALSE(MaySendCredentials("http://a:9/", "http://a:8/"));
  CHECK_FALSE(MaySendCredentials("http://a/", "http://b.a/"));
}

}  // namespace
}  // namespace sluice
