#include "agent/config/discovery/linode_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"port", "tag_separator", "region",
                                                     "refresh_interval"};

}  // namespace

scrape::LinodeSdConfig DecodeLinodeSd(const Value& value) {
  scrape::LinodeSdConfig config;
  const Fields fields(value, "linode.plain", {kFields, HttpClientFields()});
  ReadPort(fields, config.port);
  fields.Read("tag_separator", config.tag_separator);
  fields.Read("region", config.region);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
