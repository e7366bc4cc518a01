#include "agent/config/discovery/http_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 2> kFields = {"url", "refresh_interval"};

}  // namespace

scrape::HttpSdConfig DecodeHttpSd(const Value& value) {
  scrape::HttpSdConfig config;
  const Fields fields(value, "http.plain", {kFields, HttpClientFields()});
  fields.Read("url", config.url);
  ReadRefreshInterval(fields, config.refresh_interval);
  if (config.url.empty()) value.Fail("URL is missing");
  RequireHttpUrl(value, config.url);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
