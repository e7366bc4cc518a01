#include "agent/config/discovery/gce_section.h"

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include "agent/config/discovery/sd_fields.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 6> kFields = {
    "project", "zone", "filter", "port", "tag_separator", "refresh_interval"};

// The application default credentials, for reading.
std::shared_ptr<const HttpClient> MakeClient() {
  HttpClientConfig http;
  http.google.emplace();
  http.google->scope = "https://www.googleapis.com/auth/compute.readonly";
  return std::make_shared<const HttpClient>(std::move(http));
}

}  // namespace

scrape::GceSdConfig DecodeGceSd(const Value& value) {
  scrape::GceSdConfig config;
  const Fields fields(value, "gce.plain", {kFields});
  fields.Read("project", config.project);
  fields.Read("zone", config.zone);
  fields.Read("filter", config.filter);
  ReadPort(fields, config.port);
  fields.Read("tag_separator", config.tag_separator);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = MakeClient();
  return config;
}

}  // namespace sluice::agent
