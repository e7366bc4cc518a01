#include "agent/web_config/web_config.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

TEST_CASE("a web configuration is decoded with Prometheus's defaults", "[web_config]") {
  const auto config = ParseWebConfig(R"(
tls_server_config:
  cert_file: a.pem
  key_file: /keys/a.key
  client_auth_type: VerifyClientCertIfGiven
  client_ca_file: ca.pem
  client_allowed_sans: [a.example]
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]
http_server_config:
  headers: {X-Frame-Options: deny, X-XSS-Protection: ''}
)",
                                     "/etc/web.yml");
  REQUIRE(config.ok());
  REQUIRE(config->tls != nullptr);
  CHECK(config->tls->cert_file == "/etc/a.pem");
  CHECK(config->tls->key_file == "/keys/a.key");
  CHECK(config->tls->client_auth == ClientAuth::kVerifyIfGiven);
  CHECK(config->tls->min_version == 12);
  CHECK(config->tls->max_version == 13);
  CHECK(config->tls->cipher_suites.size() == 2);
  CHECK(config->tls->prefer_server_cipher_suites);
  using Headers = std::vector<std::pair<std::string, std::string>>;
  CHECK(config->headers == Headers{{"X-Frame-Options", "deny"}});
  CHECK(config->users.empty());
  const auto empty = ParseWebConfig("", "web.yml");
  REQUIRE(empty.ok());
  CHECK(empty->tls == nullptr);
}

TEST_CASE("errors of a web configuration name the line and the field", "[web_config]") {
  struct Case {
    const char* text;
    const char* error;
  };

  const Case cases[] = {
      {"x: 1", "web.yml:1: field x not found in type web.Config"},
      {"\nbasic_auth_users:\n  a: b",
       "web.yml:3: basic_auth_users.a: crypto/bcrypt: hashedSecret too short"},
      {"tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS9",
       "web.yml:4: tls_server_config.min_version: unknown TLS version: TLS9"},
      {"tls_server_config: {cert_file: a, cert: b, key: c}", "only one of cert and cert_file"},
      {"tls_server_config: {cert: b, key: c, min_version: TLS13, max_version: TLS12}",
       "min_version is greater than max_version"},
      {"http_server_config: {headers: {X-A: b}}",
       "http_server_config.headers.X-A: HTTP header \"X-A\" can not be configured"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const auto config = ParseWebConfig(each.text, "web.yml");
    REQUIRE_FALSE(config.ok());
    CHECK_THAT(config.error().message, Catch::Contains(each.error));
  }
}

}  // namespace
}  // namespace sluice::agent
