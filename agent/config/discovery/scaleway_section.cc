#include "agent/config/discovery/scaleway_section.h"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/header_rules.h"
#include "agent/config/http_client_section.h"
#include "agent/config/spec.h"
#include "agent/config/target_sources.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 11> kFields = {
    "role", "project_id",  "access_key",  "secret_key", "secret_key_file", "api_url",
    "zone", "name_filter", "tags_filter", "port",       "refresh_interval"};

// As a secret header the key does not follow a redirect to another server.
std::shared_ptr<const HttpClient> DecodeClient(const Fields& fields) {
  const std::string key = TextOf(fields, "secret_key");
  const std::string file = TextOf(fields, "secret_key_file");
  if (!IsHeaderValue(key)) fields.map().Fail("the secret_key cannot be sent in a header");
  HttpClientConfig http = DecodeHttpClientConfig(fields, /*enable_http2=*/true);
  HttpHeaderConfig header{.name = "X-Auth-Token", .values = {}, .secrets = {}, .files = {}};
  if (!key.empty()) header.secrets.emplace_back(key);
  if (!file.empty()) header.files.push_back(ResolvePath(file, fields.map().decoder().file()));
  http.http_headers.push_back(std::move(header));
  return std::make_shared<const HttpClient>(std::move(http));
}

}  // namespace

scrape::ScalewaySdConfig DecodeScalewaySd(const Value& value) {
  scrape::ScalewaySdConfig config;
  const Fields fields(value, "scaleway.plain", {kFields, HttpClientFields()});
  // One of the two: it has been checked.
  if (TextOf(fields, "role") == "baremetal") config.role = scrape::ScalewayRole::kBaremetal;
  fields.Read("project_id", config.project_id);
  fields.Read("api_url", config.api_url);
  fields.Read("zone", config.zone);
  fields.Read("name_filter", config.name_filter);
  if (const auto tags = fields.Find("tags_filter")) config.tags_filter = tags->Texts();
  ReadPort(fields, config.port);
  config.client = DecodeClient(fields);
  ReadRefreshInterval(fields, config.refresh_interval);
  return config;
}

}  // namespace sluice::agent
