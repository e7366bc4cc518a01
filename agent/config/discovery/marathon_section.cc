#include "agent/config/discovery/marathon_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/header_rules.h"
#include "agent/config/http_client_section.h"
#include "agent/config/spec.h"
#include "agent/config/target_sources.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"servers", "auth_token", "auth_token_file",
                                                     "refresh_interval"};

}  // namespace

scrape::MarathonSdConfig DecodeMarathonSd(const Value& value) {
  scrape::MarathonSdConfig config;
  const Fields fields(value, "marathon.plain", {kFields, HttpClientFields()});
  if (const auto servers = fields.Find("servers")) config.servers = servers->Texts();
  config.auth_token = Secret(TextOf(fields, "auth_token"));
  if (!IsHeaderValue(config.auth_token.Reveal())) {
    value.Fail("the auth_token cannot be sent in a header");
  }
  config.auth_token_file = ResolvePath(TextOf(fields, "auth_token_file"), value.decoder().file());
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
