#include "agent/config/discovery/uyuni_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"
#include "agent/config/spec.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 6> kFields = {
    "server", "username", "password", "entitlement", "separator", "refresh_interval"};

}  // namespace

scrape::UyuniSdConfig DecodeUyuniSd(const Value& value) {
  scrape::UyuniSdConfig config;
  const Fields fields(value, "uyuni.plain", {kFields, HttpClientFields()});
  fields.Read("server", config.server);
  fields.Read("username", config.username);
  config.password = Secret(TextOf(fields, "password"));
  fields.Read("entitlement", config.entitlement);
  fields.Read("separator", config.separator);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
