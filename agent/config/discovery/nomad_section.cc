#include "agent/config/discovery/nomad_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 6> kFields = {
    "server", "namespace", "region", "allow_stale", "tag_separator", "refresh_interval"};

}  // namespace

scrape::NomadSdConfig DecodeNomadSd(const Value& value) {
  scrape::NomadSdConfig config;
  const Fields fields(value, "nomad.plain", {kFields, HttpClientFields()});
  fields.Read("server", config.server);
  fields.Read("namespace", config.ns);
  fields.Read("region", config.region);
  fields.Read("allow_stale", config.allow_stale);
  fields.Read("tag_separator", config.tag_separator);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
