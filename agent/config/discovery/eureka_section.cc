#include "agent/config/discovery/eureka_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 2> kFields = {"server", "refresh_interval"};

}  // namespace

scrape::EurekaSdConfig DecodeEurekaSd(const Value& value) {
  scrape::EurekaSdConfig config;
  const Fields fields(value, "eureka.plain", {kFields, HttpClientFields()});
  fields.Read("server", config.server);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
