#include "agent/config/discovery/digitalocean_section.h"

#include <array>
#include <string>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"role", "port", "refresh_interval"};

}  // namespace

scrape::DigitalOceanSdConfig DecodeDigitalOceanSd(const Value& value) {
  scrape::DigitalOceanSdConfig config;
  const Fields fields(value, "digitalocean.plain", {kFields, HttpClientFields()});
  std::string role;  // one of the two: it has been checked
  fields.Read("role", role);
  if (role == "databases") config.role = scrape::DigitalOceanRole::kDatabases;
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
