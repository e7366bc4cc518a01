#include "agent/config/discovery/vultr_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 2> kFields = {"port", "refresh_interval"};

}  // namespace

scrape::VultrSdConfig DecodeVultrSd(const Value& value) {
  scrape::VultrSdConfig config;
  const Fields fields(value, "vultr.plain", {kFields, HttpClientFields()});
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
