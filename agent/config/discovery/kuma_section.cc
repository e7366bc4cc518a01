#include "agent/config/discovery/kuma_section.h"

#include <array>
#include <string>
#include <string_view>
#include <unistd.h>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"server", "client_id", "refresh_interval",
                                                     "fetch_timeout"};

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "sluice";
  return name.data();
}

}  // namespace

scrape::KumaSdConfig DecodeKumaSd(const Value& value) {
  scrape::KumaSdConfig config;
  const Fields fields(value, "xds.plainKumaConf", {kFields, HttpClientFields()});
  fields.Read("server", config.server);
  fields.Read("client_id", config.client_id);
  if (config.client_id.empty()) config.client_id = HostName();
  fields.Read("fetch_timeout", config.fetch_timeout);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
