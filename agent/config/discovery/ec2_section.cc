#include "agent/config/discovery/ec2_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/aws_fields.h"
#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"endpoint", "port", "refresh_interval",
                                                     "filters"};
constexpr std::array<std::string_view, 2> kFilterFields = {"name", "values"};

}  // namespace

scrape::Ec2SdConfig DecodeEc2Sd(const Value& value) {
  scrape::Ec2SdConfig config;
  const Fields fields(value, "aws.plain", {kFields, AwsFields(), HttpClientFields()});
  fields.Read("endpoint", config.endpoint);
  if (const auto filters = fields.Find("filters")) {
    for (const Value& item : filters->Items("[]*aws.EC2Filter")) {
      const Fields filter(item, "aws.EC2Filter", {kFilterFields});
      config.filters.emplace_back();
      filter.Read("name", config.filters.back().first);
      if (const auto values = filter.Find("values")) config.filters.back().second = values->Texts();
    }
  }
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeAwsClient(fields, "ec2");
  return config;
}

}  // namespace sluice::agent
