#include "agent/config/discovery/hetzner_section.h"

#include <array>
#include <string>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"role", "port", "label_selector",
                                                     "refresh_interval"};

}  // namespace

scrape::HetznerSdConfig DecodeHetznerSd(const Value& value) {
  scrape::HetznerSdConfig config;
  const Fields fields(value, "hetzner.plain", {kFields, HttpClientFields()});
  std::string role;  // one of the two: it has been checked
  fields.Read("role", role);
  config.role = role == "robot" ? scrape::HetznerRole::kRobot : scrape::HetznerRole::kHcloud;
  fields.Read("label_selector", config.label_selector);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
