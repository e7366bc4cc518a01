#include "scrape/discovery/consul/consul_api.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

// Beyond kConsulWait, as servers add a random part to it.
constexpr std::chrono::milliseconds kGrace{15'000};

struct ServerAddress {
  std::string base;  // "http://host:port"
  std::string unix_socket;
};

ServerAddress AddressOf(const ConsulSdConfig& config) {
  constexpr std::string_view kUnix = "unix://";
  if (config.server.starts_with(kUnix)) {
    return {"http://localhost", config.server.substr(kUnix.size())};
  }
  if (config.server.find("://") != std::string::npos) return {config.server, ""};
  return {config.scheme + "://" + config.server, ""};
}

HttpRequest Request(const ConsulSdConfig& config, const std::string& path, UrlQuery query) {
  const ServerAddress address = AddressOf(config);
  HttpRequest request;
  std::string prefix = config.path_prefix;
  while (prefix.ends_with('/')) prefix.pop_back();
  if (!prefix.empty() && !prefix.starts_with('/')) prefix = "/" + prefix;
  if (!config.datacenter.empty()) query.Add("dc", config.datacenter);
  if (!config.ns.empty()) query.Add("ns", config.ns);
  if (!config.partition.empty()) query.Add("partition", config.partition);
  request.url = address.base + prefix + path + query.Text();
  request.unix_socket = address.unix_socket;
  request.client = config.client;
  request.timeout = kConsulWait + kGrace;
  request.accept_gzip = true;
  return request;
}

UrlQuery BlockingQuery(const ConsulSdConfig& config, uint64_t index, const std::string& filter) {
  UrlQuery query;
  if (config.allow_stale) query.Add("stale", "");
  if (index != 0) query.Add("index", std::to_string(index));
  query.Add("wait", std::to_string(kConsulWait.count()) + "ms");
  for (const auto& [key, value] : config.node_meta) query.Add("node-meta", key + ":" + value);
  if (!filter.empty()) query.Add("filter", filter);
  return query;
}

bool HasAll(const std::vector<std::string_view>& tags, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& tag) {
    return std::find(tags.begin(), tags.end(), tag) != tags.end();
  });
}

// What the checks of an instance say together: the worst of them.
std::string_view Health(const JsonView& checks) {
  bool maintenance = false;
  bool critical = false;
  bool warning = false;
  for (const JsonView& check : checks.Items()) {
    const std::string_view id = check["CheckID"].Text();
    const std::string_view status = check["Status"].Text();
    if (id == "_node_maintenance" || id.starts_with("_service_maintenance:")) {
      maintenance = true;
    } else if (status == "critical") {
      critical = true;
    } else if (status == "warning") {
      warning = true;
    } else if (status != "passing") {
      return "";
    }
  }
  if (maintenance) return "maintenance";
  if (critical) return "critical";
  return warning ? "warning" : "passing";
}

Result<relabel::Labels> ReadInstance(const ConsulSdConfig& config, const JsonView& entry) {
  const JsonView node = entry["Node"];
  const JsonView service = entry["Service"];
  const std::string port = std::to_string(service["Port"].Integer());
  const std::string_view own_address = service["Address"].Text();
  MetaLabels labels("__meta_consul_");
  labels.Add("address", node["Address"].Text());
  labels.Add("node", node["Node"].Text());
  labels.Add("namespace", service["Namespace"].Text());
  labels.Add("partition", node["Partition"].Text());
  labels.Add("tags", WrappedList(service["Tags"].Texts(), config.tag_separator));
  labels.Add("service_address", own_address);
  labels.Add("service_port", port);
  labels.Add("service_id", service["ID"].Text());
  labels.Add("health", Health(entry["Checks"]));
  labels.AddAll("metadata_", node["Meta"]);
  labels.AddAll("service_metadata_", service["Meta"]);
  labels.AddAll("tagged_address_", node["TaggedAddresses"]);
  const std::string_view host = own_address.empty() ? node["Address"].Text() : own_address;
  if (host.empty()) return InvalidInput("no address");
  return labels.Target(HostPort(host, port));
}

}  // namespace

HttpRequest ConsulAgentRequest(const ConsulSdConfig& config) {
  HttpRequest request = Request(config, "/v1/agent/self", {});
  request.timeout = kGrace;
  return request;
}

Result<std::string> ParseConsulDatacenter(std::string_view body) {
  const auto json = JsonDocument::Parse(body);
  if (!json.ok()) return json.error();
  std::string datacenter((*json)->root()["Config"]["Datacenter"].Text());
  if (auto mismatch = (*json)->TakeMismatch()) return InvalidInput(*mismatch);
  if (datacenter.empty()) return InvalidInput("no Config.Datacenter");
  return datacenter;
}

HttpRequest ConsulCatalogRequest(const ConsulSdConfig& config, uint64_t index) {
  return Request(config, "/v1/catalog/services", BlockingQuery(config, index, config.filter));
}

HttpRequest ConsulServiceRequest(const ConsulSdConfig& config, const std::string& service,
                                 uint64_t index) {
  UrlQuery query = BlockingQuery(config, index, config.health_filter);
  for (const std::string& tag : config.tags) query.Add("tag", tag);
  return Request(config, "/v1/health/service/" + EscapedPathSegment(service), std::move(query));
}

Result<std::vector<std::string>> ParseConsulCatalog(const ConsulSdConfig& config,
                                                    std::string_view body) {
  const auto json = JsonDocument::Parse(body);
  if (!json.ok()) return json.error();
  const std::vector<std::string>& wanted = config.services;
  std::vector<std::string> services;
  for (const auto& [name, tags] : (*json)->root().Entries()) {
    const bool is_wanted =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    if (is_wanted && HasAll(tags.Texts(), config.tags)) services.emplace_back(name);
  }
  if (auto mismatch = (*json)->TakeMismatch()) return InvalidInput(*mismatch);
  std::sort(services.begin(), services.end());
  return services;
}

Result<ConsulService> ParseConsulService(const ConsulSdConfig& config,
                                         const std::string& datacenter, const std::string& service,
                                         std::string_view body) {
  const auto json = JsonDocument::Parse(body);
  if (!json.ok()) return json.error();
  (*json)->root().Items();
  if (auto mismatch = (*json)->TakeMismatch()) return InvalidInput(*mismatch);
  ConsulService result;
  result.group.source = service;
  result.group.labels =
      relabel::Labels{{"__meta_consul_service", service}, {"__meta_consul_dc", datacenter}};
  ReadEntries(
      **json, (*json)->root(), service, result.bad_entries,
      [&](const JsonView& entry) { return ReadInstance(config, entry); },
      [&](relabel::Labels target) { result.group.targets.push_back(std::move(target)); });
  return result;
}

uint64_t ConsulIndexOf(const HttpResponseHead& head) {
  for (const auto& [name, value] : head.headers) {
    if (name != "x-consul-index") continue;
    uint64_t index = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), index);
    return read.ec == std::errc() ? index : 0;
  }
  return 0;
}

uint64_t NextConsulIndex(uint64_t asked_with, uint64_t answered) {
  return answered < asked_with ? 0 : answered;
}

}  // namespace sluice::scrape
