#include "agent/config/discovery/lightsail_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/aws_fields.h"
#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 3> kFields = {"endpoint", "port", "refresh_interval"};

}  // namespace

scrape::LightsailSdConfig DecodeLightsailSd(const Value& value) {
  scrape::LightsailSdConfig config;
  const Fields fields(value, "aws.plain", {kFields, AwsFields(), HttpClientFields()});
  fields.Read("endpoint", config.endpoint);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeAwsClient(fields, "lightsail");
  return config;
}

}  // namespace sluice::agent
