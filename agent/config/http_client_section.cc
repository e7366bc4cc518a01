#include "agent/config/http_client_section.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/header_rules.h"
#include "agent/config/json_value.h"
#include "agent/config/spec.h"
#include "agent/config/target_sources.h"
#include "agent/config/tls_section.h"
#include "agent/config/url_text.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kFields[] = {"basic_auth",
                                        "authorization",
                                        "oauth2",
                                        "bearer_token",
                                        "bearer_token_file",
                                        "tls_config",
                                        "proxy_url",
                                        "no_proxy",
                                        "proxy_from_environment",
                                        "proxy_connect_header",
                                        "follow_redirects",
                                        "enable_http2",
                                        "http_headers"};
constexpr std::array<std::string_view, 6> kBasicAuthFields = {
    "username", "username_file", "username_ref", "password", "password_file", "password_ref"};
constexpr std::array<std::string_view, 4> kAuthorizationFields = {
    "type", "credentials", "credentials_file", "credentials_ref"};
constexpr std::array<std::string_view, 21> kOAuth2Fields = {"client_id",
                                                            "client_secret",
                                                            "client_secret_file",
                                                            "client_secret_ref",
                                                            "token_url",
                                                            "scopes",
                                                            "endpoint_params",
                                                            "tls_config",
                                                            "proxy_url",
                                                            "no_proxy",
                                                            "proxy_from_environment",
                                                            "proxy_connect_header",
                                                            "grant_type",
                                                            "client_certificate_key",
                                                            "client_certificate_key_file",
                                                            "client_certificate_key_ref",
                                                            "client_certificate_key_id",
                                                            "signature_algorithm",
                                                            "iss",
                                                            "audience",
                                                            "claims"};
constexpr std::array<std::string_view, 3> kHeaderFields = {"values", "secrets", "files"};
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";

std::string PathIn(const Fields& fields, std::string_view name) {
  return ResolvePath(TextOf(fields, name), fields.map().decoder().file());
}

bool AreSeveral(const Fields& fields, std::initializer_list<std::string_view> names) {
  return std::count_if(names.begin(), names.end(),
                       [&](std::string_view name) { return !TextOf(fields, name).empty(); }) > 1;
}

// A null leaves the default.
void ReadFlag(const Fields& fields, std::string_view name, bool& out) {
  if (const auto value = fields.Find(name); value && !value->is_null()) out = value->Bool();
}

std::optional<Value> FindMap(const Fields& fields, std::string_view name, std::string_view type) {
  const auto value = fields.Find(name);
  if (!value || value->is_null() || !value->HasKind(YamlNode::Kind::kMap, type)) {
    return std::nullopt;
  }
  return value;
}

BasicAuthConfig DecodeBasicAuth(const Value& value) {
  const Fields fields(value, "config.BasicAuth", {kBasicAuthFields});
  FailOnReferences(fields, {"username_ref", "password_ref"});
  if (AreSeveral(fields, {"username", "username_file", "username_ref"})) {
    value.Fail(
        "at most one of basic_auth username, username_file & username_ref must be configured");
  }
  if (AreSeveral(fields, {"password", "password_file", "password_ref"})) {
    value.Fail(
        "at most one of basic_auth password, password_file & password_ref must be configured");
  }
  return {.username = TextOf(fields, "username"),
          .username_file = PathIn(fields, "username_file"),
          .password = Secret(TextOf(fields, "password")),
          .password_file = PathIn(fields, "password_file")};
}

AuthorizationConfig DecodeAuthorization(const Value& value) {
  const Fields fields(value, "config.Authorization", {kAuthorizationFields});
  FailOnReferences(fields, {"credentials_ref"});
  if (AreSeveral(fields, {"credentials", "credentials_file", "credentials_ref"})) {
    value.Fail("at most one of authorization credentials & credentials_file must be configured");
  }
  AuthorizationConfig config;
  std::string type = TextOf(fields, "type");
  const size_t first = type.find_first_not_of(" \t\r\n");
  type = first == std::string::npos
             ? ""
             : type.substr(first, type.find_last_not_of(" \t\r\n") - first + 1);
  if (LowerAscii(type) == "basic") {
    value.Fail("authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
  }
  if (!type.empty()) config.type = type;
  if (!IsHeaderValue(config.type)) value.Fail("the authorization type cannot be sent in a header");
  config.credentials = Secret(TextOf(fields, "credentials"));
  if (!IsHeaderValue(config.credentials.Reveal())) {
    value.Fail("the authorization credentials cannot be sent in a header");
  }
  config.credentials_file = PathIn(fields, "credentials_file");
  return config;
}

bool IsUrl(const std::string& url, std::initializer_list<std::string_view> schemes) {
  const Result<UrlText> parts = ReadUrlText(url);
  return parts.ok() && !parts->host.empty() && parts->host[0] != ':' &&
         url.find(' ') == std::string::npos &&
         std::find(schemes.begin(), schemes.end(), parts->scheme) != schemes.end();
}

std::vector<Secret> DecodeSecrets(const Value& value, const std::string& header) {
  std::vector<Secret> secrets;
  if (!value.HasKind(YamlNode::Kind::kSequence, "[]config.Secret")) return secrets;
  for (const Value& item : value.Items("[]config.Secret")) {
    secrets.emplace_back(item.Text());
    if (!IsHeaderValue(secrets.back().Reveal())) {
      item.Fail("not a valid value of header " + QuoteText(header));
    }
  }
  return secrets;
}

ProxyConfig DecodeProxy(const Fields& fields) {
  ProxyConfig config;
  config.url = Secret(TextOf(fields, "proxy_url"));
  config.no_proxy = TextOf(fields, "no_proxy");
  ReadFlag(fields, "proxy_from_environment", config.from_environment);
  if (const auto headers = FindMap(fields, "proxy_connect_header", "config.ProxyHeader")) {
    for (const auto& [name, values] : headers->Entries("config.ProxyHeader")) {
      if (!IsHeaderName(name)) values.Fail(QuoteText(name) + " is not a valid header name");
      config.connect_headers.emplace_back(name, DecodeSecrets(values, name));
    }
  }
  const Value& map = fields.map();
  if (!config.connect_headers.empty() && !config.from_environment && config.url.empty()) {
    map.Fail(
        "if proxy_connect_header is configured, proxy_url or proxy_from_environment must also be "
        "configured");
  }
  if (config.from_environment && !config.url.empty()) {
    map.Fail("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  if (config.from_environment && !config.no_proxy.empty()) {
    map.Fail("if proxy_from_environment is configured, no_proxy must not be configured");
  }
  if (config.url.empty() && !config.no_proxy.empty()) {
    map.Fail("if no_proxy is configured, proxy_url must also be configured");
  }
  if (!config.url.empty() && !IsUrl(config.url.Reveal(), {"http", "https", "socks5", "socks5h"})) {
    fields.Find("proxy_url")->Fail("expected a URL with http, https, socks5 or socks5h");
  }
  return config;
}

void CheckGrant(const Fields& fields) {
  const std::string grant = TextOf(fields, "grant_type");
  if (grant == kJwtBearer) {
    if (AreSeveral(fields, {"client_certificate_key", "client_certificate_key_file",
                            "client_certificate_key_ref"})) {
      fields.map().Fail(
          "at most one of oauth2 client_certificate_key, client_certificate_key_file & "
          "client_certificate_key_ref must be configured using grant-type=" +
          grant);
    }
  } else if (AreSeveral(fields, {"client_secret", "client_secret_file", "client_secret_ref"})) {
    fields.map().Fail(
        "at most one of oauth2 client_secret, client_secret_file & client_secret_ref must be "
        "configured");
  }
  if (!grant.empty() && grant != "client_credentials" && grant != kJwtBearer) {
    fields.Find("grant_type")->Fail("grant_type " + QuoteText(grant) + " is not supported");
  }
}

RsaDigest DecodeSignatureAlgorithm(const Fields& fields) {
  const std::string algorithm = TextOf(fields, "signature_algorithm");
  if (algorithm.empty() || algorithm == "RS256") return RsaDigest::kSha256;
  if (algorithm == "RS384") return RsaDigest::kSha384;
  if (algorithm == "RS512") return RsaDigest::kSha512;
  FailAt(fields, "signature_algorithm", "valid signature algorithms are RS256, RS384 and RS512");
  return RsaDigest::kSha256;
}

JwtGrantConfig DecodeJwtGrant(const Fields& fields) {
  JwtGrantConfig grant;
  grant.key = Secret(TextOf(fields, "client_certificate_key"));
  grant.key_file = PathIn(fields, "client_certificate_key_file");
  grant.key_id = TextOf(fields, "client_certificate_key_id");
  grant.digest = DecodeSignatureAlgorithm(fields);
  grant.issuer = TextOf(fields, "iss");
  grant.audience = TextOf(fields, "audience");
  if (const auto claims = FindMap(fields, "claims", "map[string]interface {}")) {
    for (const auto& [name, value] : claims->Entries("map[string]interface {}")) {
      grant.claims.emplace_back(name, JsonOf(value.node()));
    }
  }
  return grant;
}

OAuth2Config DecodeOAuth2(const Value& value) {
  const Fields fields(value, "config.plain", {kOAuth2Fields});
  FailOnReferences(fields, {"client_secret_ref", "client_certificate_key_ref"});
  OAuth2Config config;
  config.client_id = TextOf(fields, "client_id");
  if (config.client_id.empty()) value.Fail("oauth2 client_id must be configured");
  config.token_url = TextOf(fields, "token_url");
  if (config.token_url.empty()) value.Fail("oauth2 token_url must be configured");
  CheckGrant(fields);
  if (!IsUrl(config.token_url, {"http", "https"})) {
    value.Fail("oauth2 token_url must be an http or https URL");
  }
  config.client_secret = Secret(TextOf(fields, "client_secret"));
  config.client_secret_file = PathIn(fields, "client_secret_file");
  if (TextOf(fields, "grant_type") == kJwtBearer) config.jwt_grant = DecodeJwtGrant(fields);
  if (const auto scopes = fields.Find("scopes")) config.scopes = scopes->Texts();
  if (const auto params = FindMap(fields, "endpoint_params", "map[string]string")) {
    for (const auto& [name, text] : params->Entries("map[string]string")) {
      config.endpoint_params.emplace_back(name, text.Text());
    }
  }
  if (const auto tls = FindMap(fields, "tls_config", "config.plain")) config.tls = DecodeTls(*tls);
  config.proxy = DecodeProxy(fields);
  return config;
}

// As Go writes header names: User-Agent.
std::string CanonicalName(std::string_view name) {
  std::string canonical = LowerAscii(std::string(name));
  bool starts = true;
  for (char& c : canonical) {
    if (starts && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    starts = c == '-';
  }
  return canonical;
}

HttpHeaderConfig DecodeHeader(const std::string& name, const Value& value) {
  HttpHeaderConfig header;
  header.name = name;
  if (IsReservedHttpHeader(name)) {
    value.Fail("setting header " + QuoteText(CanonicalName(name)) + " is not allowed");
  }
  if (!IsHeaderName(name)) value.Fail(QuoteText(name) + " is not a valid header name");
  if (!value.HasKind(YamlNode::Kind::kMap, "config.Header")) return header;
  const Fields fields(value, "config.Header", {kHeaderFields});
  if (const auto values = fields.Find("values")) header.values = values->Texts();
  for (const std::string& text : header.values) {
    if (!IsHeaderValue(text)) value.Fail("not a valid value of header " + QuoteText(name));
  }
  if (const auto secrets = fields.Find("secrets")) header.secrets = DecodeSecrets(*secrets, name);
  if (const auto files = fields.Find("files")) {
    for (const std::string& file : files->Texts()) {
      header.files.push_back(ResolvePath(file, value.decoder().file()));
    }
  }
  return header;
}

void DecodeCredentials(const Fields& fields, HttpClientConfig& config) {
  const Value& map = fields.map();
  if (const auto value = FindMap(fields, "basic_auth", "config.BasicAuth")) {
    config.basic_auth = DecodeBasicAuth(*value);
  }
  if (const auto value = FindMap(fields, "authorization", "config.Authorization")) {
    config.authorization = DecodeAuthorization(*value);
  }
  if (const auto value = FindMap(fields, "oauth2", "config.plain")) {
    config.oauth2 = DecodeOAuth2(*value);
  }
  const std::string token = TextOf(fields, "bearer_token");
  const std::string token_file = PathIn(fields, "bearer_token_file");
  const bool has_bearer = !token.empty() || !token_file.empty();
  if (!token.empty() && !token_file.empty()) {
    map.Fail("at most one of bearer_token & bearer_token_file must be configured");
  }
  if (has_bearer && (config.basic_auth || config.oauth2)) {
    map.Fail(
        "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured");
  }
  if (has_bearer && config.authorization) {
    map.Fail("authorization is not compatible with bearer_token & bearer_token_file");
  }
  if (int{config.basic_auth.has_value()} + int{config.authorization.has_value()} +
          int{config.oauth2.has_value()} >
      1) {
    map.Fail("at most one of basic_auth, oauth2 & authorization must be configured");
  }
  if (!has_bearer) return;
  if (!IsHeaderValue(token)) map.Fail("the bearer_token cannot be sent in a header");
  config.authorization.emplace();
  config.authorization->credentials = Secret(token);
  config.authorization->credentials_file = token_file;
}

}  // namespace

std::span<const std::string_view> HttpClientFields() { return kFields; }

bool HasHttpClientSettings(const Fields& fields) {
  return std::any_of(std::begin(kFields), std::end(kFields), [&](std::string_view name) {
    const auto value = fields.Find(name);
    if (!value || value->is_null()) return false;
    if (name == "follow_redirects" || name == "enable_http2") return !value->Bool();
    if (name == "proxy_from_environment") return value->Bool();
    const YamlNode& node = value->node();
    if (node.kind == YamlNode::Kind::kScalar) return !node.scalar.empty();
    const bool is_credentials = name == "basic_auth" || name == "authorization" || name == "oauth2";
    return is_credentials || !node.entries.empty() || !node.items.empty();
  });
}

HttpClientConfig DecodeHttpClientConfig(const Fields& fields, bool enable_http2) {
  HttpClientConfig config;
  DecodeCredentials(fields, config);
  if (const auto tls = FindMap(fields, "tls_config", "config.plain")) config.tls = DecodeTls(*tls);
  config.proxy = DecodeProxy(fields);
  config.enable_http2 = enable_http2;
  ReadFlag(fields, "follow_redirects", config.follow_redirects);
  ReadFlag(fields, "enable_http2", config.enable_http2);
  if (const auto headers = FindMap(fields, "http_headers", "config.Headers")) {
    for (const auto& [name, value] : headers->Entries("config.Headers")) {
      config.http_headers.push_back(DecodeHeader(name, value));
    }
  }
  return config;
}

std::shared_ptr<const HttpClient> DecodeHttpClient(const Fields& fields, bool enable_http2) {
  return std::make_shared<const HttpClient>(DecodeHttpClientConfig(fields, enable_http2));
}

}  // namespace sluice::agent
