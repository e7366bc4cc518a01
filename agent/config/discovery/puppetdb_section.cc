#include "agent/config/discovery/puppetdb_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 5> kFields = {"url", "query", "include_parameters", "port",
                                                     "refresh_interval"};

}  // namespace

scrape::PuppetDbSdConfig DecodePuppetDbSd(const Value& value) {
  scrape::PuppetDbSdConfig config;
  const Fields fields(value, "puppetdb.plain", {kFields, HttpClientFields()});
  fields.Read("url", config.url);
  fields.Read("query", config.query);
  fields.Read("include_parameters", config.include_parameters);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
