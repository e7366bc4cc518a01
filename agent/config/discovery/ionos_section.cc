#include "agent/config/discovery/ionos_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"datacenter_id", "port", "refresh_interval"};

}  // namespace

scrape::IonosSdConfig DecodeIonosSd(const Value& value) {
  scrape::IonosSdConfig config;
  const Fields fields(value, "ionos.plain", {kFields, HttpClientFields()});
  fields.Read("datacenter_id", config.datacenter_id);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
