#include "agent/config/discovery/consul_section.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/header_rules.h"
#include "agent/config/http_client_section.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 17> kFields = {
    "server",        "path_prefix",     "token",    "datacenter",  "namespace",
    "partition",     "scheme",          "username", "password",    "services",
    "tags",          "node_meta",       "filter",   "allow_stale", "health_filter",
    "tag_separator", "refresh_interval"};

// `username` and `password` are an older way to write basic_auth.
void DecodeCredentials(const Fields& fields, scrape::ConsulSdConfig& config) {
  std::string username;
  std::string password;
  std::string token;
  fields.Read("username", username);
  fields.Read("password", password);
  fields.Read("token", token);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  const Value& map = fields.map();
  HttpClientConfig http = config.client->config();
  if (!username.empty() || !password.empty()) {
    if (http.basic_auth) {
      map.Fail(
          "at most one of consul SD configuration username and password and basic auth can be "
          "configured");
    }
    if (http.authorization || http.oauth2) {
      map.Fail("at most one of basic_auth, oauth2 & authorization must be configured");
    }
    http.basic_auth.emplace();
    http.basic_auth->username = username;
    http.basic_auth->password = Secret(password);
  }
  if (!token.empty() && (http.authorization || http.oauth2)) {
    map.Fail("at most one of consul SD token, authorization, or oauth2 can be configured");
  }
  if (!IsHeaderValue(token)) map.Fail("the token cannot be sent in a header");
  // As a secret header it does not follow a redirect to another server.
  if (!token.empty()) {
    http.http_headers.push_back(
        {.name = "X-Consul-Token", .values = {}, .secrets = {Secret(token)}, .files = {}});
  }
  config.client = std::make_shared<const HttpClient>(std::move(http));
}

bool IsBlank(const std::string& text) {
  return text.find_first_not_of(" \t\r\n") == std::string::npos;
}

}  // namespace

scrape::ConsulSdConfig DecodeConsulSd(const Value& value) {
  scrape::ConsulSdConfig config;
  const Fields fields(value, "consul.plain", {kFields, HttpClientFields()});
  fields.Read("server", config.server);
  fields.Read("path_prefix", config.path_prefix);
  fields.Read("datacenter", config.datacenter);
  fields.Read("namespace", config.ns);
  fields.Read("partition", config.partition);
  fields.Read("scheme", config.scheme);
  if (config.scheme != "http" && config.scheme != "https") {
    fields.Find("scheme")->Fail("unsupported scheme " + QuoteText(config.scheme) +
                                ", expected http or https");
  }
  fields.Read("tag_separator", config.tag_separator);
  fields.Read("allow_stale", config.allow_stale);
  fields.Read("filter", config.filter);
  fields.Read("health_filter", config.health_filter);
  ReadRefreshInterval(fields, config.refresh_interval);
  if (const auto services = fields.Find("services")) config.services = services->Texts();
  if (const auto tags = fields.Find("tags")) config.tags = tags->Texts();
  if (const auto node_meta = fields.Find("node_meta")) {
    for (const auto& [name, text] : node_meta->Entries("map[string]string")) {
      config.node_meta.emplace_back(name, text.Text());
    }
  }
  if (IsBlank(config.server)) value.Fail("consul SD configuration requires a server address");
  DecodeCredentials(fields, config);
  return config;
}

}  // namespace sluice::agent
