#include "agent/config/discovery/docker_section.h"

#include <array>
#include <string>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/http_client_section.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 6> kDockerFields = {
    "host", "port", "filters", "host_networking_host", "match_first_network", "refresh_interval"};
constexpr std::array<std::string_view, 5> kSwarmFields = {"host", "role", "port", "filters",
                                                          "refresh_interval"};
constexpr std::array<std::string_view, 2> kFilterFields = {"name", "values"};

scrape::MobyHost DecodeHost(const Fields& fields) {
  std::string host;
  fields.Read("host", host);
  if (host.empty()) fields.map().Fail("host missing");
  const Result<scrape::MobyHost> parsed = scrape::ParseMobyHost(host);
  if (parsed.ok()) return *parsed;
  fields.map().Fail(parsed.error().message);
  return {};
}

scrape::MobyFilters DecodeFilters(const Fields& fields) {
  scrape::MobyFilters filters;
  const auto list = fields.Find("filters");
  if (!list) return filters;
  for (const Value& item : list->Items("[]moby.Filter")) {
    const Fields filter(item, "moby.Filter", {kFilterFields});
    filters.emplace_back();
    filter.Read("name", filters.back().first);
    if (const auto values = filter.Find("values")) filters.back().second = values->Texts();
  }
  return filters;
}

scrape::SwarmRole DecodeRole(const Fields& fields) {
  std::string role;
  fields.Read("role", role);
  if (role == "services") return scrape::SwarmRole::kServices;
  if (role == "tasks") return scrape::SwarmRole::kTasks;
  if (role == "nodes") return scrape::SwarmRole::kNodes;
  fields.map().Fail(role.empty() ? "role missing (one of: tasks, services, nodes)"
                                 : "invalid role " + role + ", expected tasks, services, or nodes");
  return {};
}

}  // namespace

scrape::DockerSdConfig DecodeDockerSd(const Value& value) {
  scrape::DockerSdConfig config;
  const Fields fields(value, "moby.plain", {kDockerFields, HttpClientFields()});
  config.host = DecodeHost(fields);
  config.filters = DecodeFilters(fields);
  ReadPort(fields, config.port);
  fields.Read("host_networking_host", config.host_networking_host);
  fields.Read("match_first_network", config.match_first_network);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

scrape::DockerSwarmSdConfig DecodeDockerSwarmSd(const Value& value) {
  scrape::DockerSwarmSdConfig config;
  const Fields fields(value, "moby.plain", {kSwarmFields, HttpClientFields()});
  config.host = DecodeHost(fields);
  config.role = DecodeRole(fields);
  config.filters = DecodeFilters(fields);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  config.client = DecodeHttpClient(fields, /*enable_http2=*/true);
  return config;
}

}  // namespace sluice::agent
