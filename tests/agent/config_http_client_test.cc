#include <cctype>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "agent/config/config.h"

namespace sluice::agent {
namespace {

Result<Config> Parse(const std::string& text) {
  return ParseConfig(text, "/etc/p/f.yml", [](std::string_view) { return std::nullopt; });
}

std::string JobText(const std::string& fields) {
  std::string text = "scrape_configs:\n- job_name: j\n";
  std::istringstream lines(fields);
  for (std::string line; std::getline(lines, line);) text += "  " + line + "\n";
  return text;
}

HttpClientConfig Job(const std::string& fields) {
  const Result<Config> config = Parse(JobText(fields));
  if (!config.ok()) FAIL(config.error().message);
  return config->jobs.at(0).http_client->config();
}

HttpClientConfig Remote(const std::string& fields) {
  const Result<Config> config = Parse("remote_write: [{url: http://r/, " + fields + "}]");
  if (!config.ok()) FAIL(config.error().message);
  return config->destinations.at(0).http_client->config();
}

std::string Refusal(const std::string& fields) {
  const Result<Config> config = Parse(JobText(fields));
  const Result<Config> remote =
      Parse("remote_write:\n- url: http://r/\n" +
            JobText(fields).substr(sizeof "scrape_configs:\n- job_name: j"));
  if (config.ok() != remote.ok()) return "differs between scrape_configs and remote_write";
  return config.ok() ? "accepted" : config.error().message;
}

TEST_CASE("the HTTP client has Prometheus's defaults", "[agent]") {
  const HttpClientConfig job = Job("");
  CHECK_FALSE(job.basic_auth);
  CHECK_FALSE(job.authorization);
  CHECK_FALSE(job.oauth2);
  CHECK(job.proxy.url.empty());
  CHECK(job.follow_redirects);
  CHECK(job.enable_http2);
  CHECK_FALSE(job.tls.insecure_skip_verify);
  CHECK_FALSE(Remote("").enable_http2);
  CHECK(Remote("follow_redirects: , enable_http2: true").follow_redirects);
  CHECK(Remote("enable_http2: true").enable_http2);
  CHECK_FALSE(Job("basic_auth:\nauthorization: ~\ntls_config:").basic_auth);
}

TEST_CASE("sigv4 is read, for the service of Prometheus unless told otherwise", "[agent]") {
  const auto aws = Remote(
                       "sigv4: {region: r, access_key: a, secret_key: s, profile: p, role_arn: n, "
                       "external_id: e, use_fips_sts_endpoint: true, service_name: x}")
                       .aws;
  REQUIRE(aws.has_value());
  CHECK(aws->region == "r");
  CHECK(aws->access_key == "a");
  CHECK(aws->secret_key.Reveal() == "s");
  CHECK(aws->profile == "p");
  CHECK(aws->role_arn == "n");
  CHECK(aws->external_id == "e");
  CHECK(aws->use_fips_sts_endpoint);
  CHECK(aws->service == "x");
  REQUIRE(Remote("sigv4: {}").aws.has_value());
  CHECK(Remote("sigv4: {}").aws->service == "aps");
  CHECK_FALSE(Remote("sigv4: ").aws.has_value());
}

TEST_CASE("azuread is read, with the authority and the scope of its cloud", "[agent]") {
  const std::string id = "01234567-89ab-cdef-0123-456789abcdef";
  const auto azure = [&](const std::string& fields) {
    const auto config = Remote("azuread: {" + fields + "}").azure;
    REQUIRE(config.has_value());
    return *config;
  };
  const AzureConfig managed = azure("managed_identity: {client_id: " + id + "}");
  CHECK(managed.method == AzureMethod::kManagedIdentity);
  CHECK(managed.client_id == id);
  CHECK(managed.authority == "https://login.microsoftonline.com");
  CHECK(managed.scope == "https://monitor.azure.com//.default");
  const AzureConfig oauth =
      azure("cloud: AzureChina, oauth: {client_id: " + id + ", client_secret: s, tenant_id: t}");
  CHECK(oauth.method == AzureMethod::kClientSecret);
  CHECK(oauth.client_secret.Reveal() == "s");
  CHECK(oauth.tenant_id == "t");
  CHECK(oauth.authority == "https://login.chinacloudapi.cn");
  CHECK(oauth.scope == "https://monitor.azure.cn//.default");
  const AzureConfig workload = azure("cloud: AzureGovernment, scope: 'x:y', workload_identity: " +
                                     ("{client_id: " + id + ", tenant_id: t}"));
  CHECK(workload.method == AzureMethod::kWorkloadIdentity);
  CHECK(workload.token_file == "/var/run/secrets/azure/tokens/azure-identity-token");
  CHECK(workload.authority == "https://login.microsoftonline.us");
  CHECK(workload.scope == "x:y");
  CHECK(azure("sdk: {}").method == AzureMethod::kEnvironment);
  const AzureConfig certificate =
      azure("certificate: {client_id: " + id +
            ", tenant_id: t, certificate_path: c.pem, certificate_password: p, "
            "send_certificate_chain: true}");
  CHECK(certificate.certificate_file == "/etc/p/c.pem");
  CHECK(certificate.certificate_password.Reveal() == "p");
  CHECK(certificate.send_certificate_chain);
}

TEST_CASE("google_iam is read, for writing to Cloud Monitoring", "[agent]") {
  const auto google = Remote("google_iam: {credentials_file: k.json}").google;
  REQUIRE(google.has_value());
  CHECK(google->credentials_file == "/etc/p/k.json");
  CHECK(google->scope == "https://www.googleapis.com/auth/monitoring.write");
  CHECK(Remote("google_iam: {}").google->credentials_file.empty());
  CHECK_FALSE(Remote("google_iam: ").google.has_value());
}

TEST_CASE("the grant jwt-bearer of OAuth2 is read, with claims of any type", "[agent]") {
  const std::string grant =
      "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_id: c, token_url: "
      "'http://t'";
  const auto oauth2 =
      Job("oauth2: {" + grant +
          ", client_certificate_key_file: k, client_certificate_key_id: id, "
          "signature_algorithm: RS384, iss: i, audience: a, "
          "claims: {n: 5, s: '5', f: -1.5e3, t: yes, z: ~, d: 007, l: [a, {b: c}]}}")
          .oauth2;
  REQUIRE(oauth2.has_value());
  REQUIRE(oauth2->jwt_grant.has_value());
  const JwtGrantConfig& jwt = *oauth2->jwt_grant;
  CHECK(jwt.key_file == "/etc/p/k");
  CHECK(jwt.key_id == "id");
  CHECK(jwt.digest == RsaDigest::kSha384);
  CHECK(jwt.issuer == "i");
  CHECK(jwt.audience == "a");
  CHECK(JsonObject(jwt.claims) ==
        R"({"n":5,"s":"5","f":-1.5e3,"t":true,"z":null,"d":"007","l":["a",{"b":"c"}]})");
  CHECK(
      Job("oauth2: {" + grant + ", client_certificate_key: pem}").oauth2->jwt_grant->key.Reveal() ==
      "pem");
  CHECK_FALSE(Job("oauth2: {client_id: c, token_url: 'http://t'}").oauth2->jwt_grant.has_value());
  CHECK_THAT(Refusal("oauth2: {" + grant + ", signature_algorithm: ES256}"),
             Catch::EndsWith("valid signature algorithms are RS256, RS384 and RS512"));
}

TEST_CASE("credentials are read, with the paths of their files", "[agent]") {
  const HttpClientConfig basic =
      Job("basic_auth: {username: u, password_file: secrets/pw}\n"
          "http_headers: {X-Team: {values: [a, b], secrets: [s], files: [h1, /abs/h2]}}");
  CHECK(basic.basic_auth->username == "u");
  CHECK(basic.basic_auth->password_file == "/etc/p/secrets/pw");
  REQUIRE(basic.http_headers.size() == 1);
  CHECK(basic.http_headers[0].name == "X-Team");
  CHECK(basic.http_headers[0].values == std::vector<std::string>{"a", "b"});
  CHECK(basic.http_headers[0].secrets == std::vector<Secret>{Secret("s")});
  CHECK(basic.http_headers[0].files == std::vector<std::string>{"/etc/p/h1", "/abs/h2"});
  CHECK(Job("basic_auth: {username_file: u, password: p}").basic_auth->password.Reveal() == "p");
  CHECK(Job("basic_auth: {password: p}").basic_auth->username.empty());
  CHECK(Job("authorization: {credentials: c}").authorization->type == "Bearer");
  CHECK(Job("authorization: {type: ' Token ', credentials: c}").authorization->type == "Token");
  CHECK(Job("authorization: {credentials_file: c}").authorization->credentials_file == "/etc/p/c");
}

TEST_CASE("bearer tokens become an authorization", "[agent]") {
  CHECK(Job("bearer_token: t").authorization->credentials.Reveal() == "t");
  CHECK(Job("bearer_token: t").authorization->type == "Bearer");
  CHECK(Job("bearer_token_file: f").authorization->credentials_file == "/etc/p/f");
}

TEST_CASE("TLS, proxy and OAuth2 are read", "[agent]") {
  const HttpClientConfig client = Job(R"(tls_config:
  ca_file: ca.pem
  cert: CERT
  key_file: key.pem
  server_name: name.example
  insecure_skip_verify: true
  min_version: TLS12
  max_version: TLS13
proxy_url: http://u:p@proxy:3128
no_proxy: a.example,10.0.0.0/8
proxy_connect_header: {X-Proxy: [a, b]}
follow_redirects: false
oauth2:
  client_id: id
  client_secret_file: secret
  token_url: https://auth.example/token
  scopes: [a, b]
  endpoint_params: {audience: x}
  tls_config: {ca: CA}
  proxy_from_environment: true)");
  CHECK(client.tls.ca_file == "/etc/p/ca.pem");
  CHECK(client.tls.cert == "CERT");
  CHECK(client.tls.key_file == "/etc/p/key.pem");
  CHECK(client.tls.server_name == "name.example");
  CHECK(client.tls.insecure_skip_verify);
  CHECK(client.tls.min_version == TlsVersion::kTls12);
  CHECK(client.tls.max_version == TlsVersion::kTls13);
  CHECK(client.proxy.url.Reveal() == "http://u:p@proxy:3128");
  CHECK(client.proxy.no_proxy == "a.example,10.0.0.0/8");
  REQUIRE(client.proxy.connect_headers.size() == 1);
  CHECK(client.proxy.connect_headers[0].second.size() == 2);
  CHECK_FALSE(client.follow_redirects);
  REQUIRE(client.oauth2);
  CHECK(client.oauth2->client_id == "id");
  CHECK(client.oauth2->client_secret_file == "/etc/p/secret");
  CHECK(client.oauth2->scopes == std::vector<std::string>{"a", "b"});
  CHECK(client.oauth2->endpoint_params.at(0).second == "x");
  CHECK(client.oauth2->tls.ca == "CA");
  CHECK(client.oauth2->proxy.from_environment);
  for (const auto* fields :
       {"tls_config: {}", "tls_config: {insecure_skip_verify: false}",
        "tls_config: {max_version: TLS12}", "tls_config: {min_version: TLS10}",
        "tls_config: {min_version: TLS12, max_version: TLS12}", "proxy_url: socks5://h:1080",
        "oauth2: {client_id: x, token_url: 'http://t/', grant_type: client_credentials}"}) {
    CAPTURE(fields);
    CHECK(Refusal(fields) == "accepted");
  }
}

TEST_CASE("what excludes each other is refused with Prometheus's phrases", "[agent]") {
  struct Row {
    std::string fields;
    std::string message;
  };

  const Row rows[] = {
      {"bearer_token: a\nbearer_token_file: b",
       "at most one of bearer_token & bearer_token_file must be configured"},
      {"basic_auth: {username: u}\nbearer_token: a",
       "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured"},
      {"basic_auth: {username: u, password: p, password_file: f}",
       "at most one of basic_auth password, password_file & password_ref must be configured"},
      {"basic_auth: {username: u, username_file: f}",
       "at most one of basic_auth username, username_file & username_ref must be configured"},
      {"authorization: {credentials: c}\nbearer_token: a",
       "authorization is not compatible with bearer_token & bearer_token_file"},
      {"authorization: {credentials: c, credentials_file: f}",
       "at most one of authorization credentials & credentials_file must be configured"},
      {"authorization: {credentials: c}\nbasic_auth: {username: u}",
       "at most one of basic_auth, oauth2 & authorization must be configured"},
      {"oauth2: {client_id: i, token_url: 'http://t/'}\nbasic_auth: {username: u}",
       "at most one of basic_auth, oauth2 & authorization must be configured"},
      {"authorization: {type: Basic, credentials: c}",
       "authorization type cannot be set to \"basic\", use \"basic_auth\" instead"},
      {"oauth2: {client_id: i, token_url: 'http://t/', client_secret: s, client_secret_file: f}",
       "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be "
       "configured"},
      {"oauth2: {client_id: i, token_url: 'http://t/', client_certificate_key: s, "
       "client_certificate_key_file: f, "
       "grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'}",
       "at most one of oauth2 client_certificate_key, client_certificate_key_file & "
       "client_certificate_key_ref must be configured using "
       "grant-type=urn:ietf:params:oauth:grant-type:jwt-bearer"},
      {"oauth2: {client_secret: s, token_url: 'http://t/'}", "oauth2 client_id must be configured"},
      {"oauth2: {client_id: i}", "oauth2 token_url must be configured"},
      {"proxy_from_environment: true\nproxy_url: http://p/",
       "if proxy_from_environment is configured, proxy_url must not be configured"},
      {"proxy_from_environment: true\nno_proxy: x",
       "if proxy_from_environment is configured, no_proxy must not be configured"},
      {"no_proxy: x", "if no_proxy is configured, proxy_url must also be configured"},
      {"http_headers: {user-agent: {values: [x]}}", "setting header \"User-Agent\" is not allowed"},
      {"proxy_connect_header: {a: [b]}",
       "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be "
       "configured"},
      {"tls_config: {cert_file: c}",
       "exactly one of key or key_file must be configured when a client certificate is configured"},
      {"tls_config: {key_file: c}",
       "exactly one of cert or cert_file must be configured when a client key is configured"},
      {"tls_config: {ca: c, ca_file: c}", "at most one of ca, ca_file & ca_ref must be configured"},
      {"tls_config: {something_invalid: true}",
       "field something_invalid not found in type config.plain"},
      {"tls_config: {min_version: TLS13, max_version: TLS12}",
       "tls_config.max_version must be greater than or equal to tls_config.min_version if both are "
       "specified"},
      {"tls_config: {min_version: TLS9}", "unknown TLS version: TLS9"},
      {"basic_auth: {password_ref: x}", "needs a secret manager, and none can be configured"},
      {"proxy_url: proxy", "expected a URL with http, https, socks5 or socks5h"},
      {"oauth2: {client_id: i, token_url: token}", "oauth2 token_url must be an http or https URL"},
      {"oauth2: {client_id: i, token_url: 'http://t/', grant_type: password}",
       "grant_type \"password\" is not supported"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.fields);
    CHECK_THAT(Refusal(row.fields),
               Catch::EndsWith(": " + row.message) || Catch::EndsWith(" " + row.message));
  }
  CHECK(Refusal("tls_config:\n  cert: c") ==
        "/etc/p/f.yml:3: scrape_configs[0].tls_config: exactly one of key or key_file must be "
        "configured when a client certificate is configured");
}

TEST_CASE("no message about a setting has a secret in it", "[agent]") {
  for (const auto* fields :
       {"basic_auth: hunter2", "basic_auth: [hunter2]", "authorization: hunter2",
        "basic_auth: {password: [hunter2]}", "basic_auth: {password: hunter2, passwort: hunter2}",
        "authorization: {credentials: \"hunter2\\n\"}", "bearer_token: \"hunter2\\r\"",
        "oauth2: hunter2", "http_headers: {a: hunter2}", "http_headers: {a: {secrets: hunter2}}",
        "http_headers: {a: {secrets: [\"hunter2\\n\"]}}", "proxy_url: 'x://u:hunter2@h'",
        "proxy_connect_header: {a: hunter2}", "oauth2: {client_secret: hunter2}",
        "tls_config: {key: hunter2}", "bearer_token: hunter2\nbearer_token_file: f"}) {
    CAPTURE(fields);
    const std::string message = Refusal(fields);
    CHECK(message != "accepted");
    CHECK(message.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("a secret prints as something else", "[agent]") {
  std::ostringstream out;
  out << Secret("hunter2") << "," << Secret();
  CHECK(out.str() == "<secret>,");
}

TEST_CASE("a changed secret is a changed configuration", "[agent]") {
  const auto job = [](const std::string& fields) {
    return Parse(JobText(fields))->jobs.at(0).fingerprint;
  };
  CHECK(job("basic_auth: {password: a}") != job("basic_auth: {password: b}"));
  CHECK(job("tls_config: {insecure_skip_verify: true}") != job(""));
  CHECK(job("enable_http2: false") != job(""));
  CHECK(job("bearer_token: a") == job("bearer_token: a"));
}

TEST_CASE("headers that others set are reserved, in any case", "[agent]") {
  const std::string reserved[] = {"Host",
                                  "Content-Encoding",
                                  "Content-Length",
                                  "Content-Type",
                                  "User-Agent",
                                  "Connection",
                                  "Keep-Alive",
                                  "Proxy-Authenticate",
                                  "Proxy-Authorization",
                                  "Www-Authenticate",
                                  "Accept-Encoding",
                                  "X-Prometheus-Remote-Write-Version",
                                  "X-Prometheus-Remote-Read-Version",
                                  "X-Amz-Date",
                                  "X-Amz-Security-Token",
                                  "X-Amz-Content-Sha256"};
  const auto refusal_of_headers = [](const std::string& name) {
    const auto config = Parse("remote_write: [{url: http://r/, headers: {" + name + ": x}}]");
    return config.ok() ? "accepted" : config.error().message;
  };
  for (const std::string& name : reserved) {
    CAPTURE(name);
    std::string upper = name;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    for (const std::string& spelled : {name, upper}) {
      CHECK_THAT(Refusal("http_headers: {" + spelled + ": {values: [x]}}"),
                 Catch::EndsWith("setting header \"" + name + "\" is not allowed"));
      CHECK_THAT(refusal_of_headers(spelled),
                 Catch::EndsWith(spelled + " is a reserved header. It must not be changed"));
    }
  }
  CHECK_THAT(Refusal("http_headers: {authorization: {values: [x]}}"),
             Catch::EndsWith("setting header \"Authorization\" is not allowed"));
  CHECK_THAT(Refusal("http_headers: {X-Prometheus-Scrape-Timeout-Seconds: {values: [x]}}"),
             Catch::Contains("is not allowed"));
  CHECK(refusal_of_headers("X-Prometheus-Scrape-Timeout-Seconds") == "accepted");
  CHECK(refusal_of_headers("X-Amz-Other") == "accepted");
}

}  // namespace
}  // namespace sluice::agent
