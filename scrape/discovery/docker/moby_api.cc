#include "scrape/discovery/docker/moby_api.h"

#include <algorithm>

#include "base/json_text.h"
#include "base/utf8.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

// {"name":{"value":true}}, as the daemon wants it.
std::string FiltersText(const MobyFilters& filters) {
  std::map<std::string, std::map<std::string, bool>> sorted;
  for (const auto& [name, values] : filters) {
    for (const std::string& value : values) sorted[name][value] = true;
  }
  std::string out;
  for (const auto& [name, values] : sorted) {
    out += (out.empty() ? "" : ",") + JsonString(name) + ":{";
    std::string list;
    for (const auto& [value, wanted] : values) {
      list += (list.empty() ? "" : ",") + JsonString(value) + ":true";
    }
    out += list + "}";
  }
  return out.empty() ? "" : "{" + out + "}";
}

std::string_view BoolText(bool value) { return value ? "true" : "false"; }

}  // namespace

Result<MobyHost> ParseMobyHost(const std::string& host) {
  const size_t scheme_end = host.find("://");
  if (scheme_end == std::string::npos) {
    return InvalidInput("unable to parse docker host `" + host + "`");
  }
  const std::string scheme = host.substr(0, scheme_end);
  std::string rest = host.substr(scheme_end + 3);
  if (rest.empty()) return InvalidInput("unable to parse docker host `" + host + "`");
  if (scheme == "unix") return MobyHost{"http://localhost", rest};
  while (rest.ends_with('/')) rest.pop_back();
  if (scheme == "tcp" || scheme == "http") return MobyHost{"http://" + rest, ""};
  if (scheme == "https") return MobyHost{"https://" + rest, ""};
  return InvalidInput("protocol not available: " + QuoteText(scheme));
}

HttpRequest MobyRequest(const MobyHost& host, std::string_view list, const MobyFilters& filters,
                        const std::shared_ptr<const HttpClient>& client,
                        std::chrono::milliseconds timeout) {
  UrlQuery query;
  const std::string filters_text = FiltersText(filters);
  if (!filters_text.empty()) query.Add("filters", filters_text);
  HttpRequest request;
  request.url = host.url + "/" + std::string(list) + query.Text();
  request.unix_socket = host.unix_socket;
  // A proxy or TLS would be of no use there.
  if (host.unix_socket.empty()) request.client = client;
  request.timeout = timeout;
  return request;
}

MobyNetworks ReadMobyNetworks(const JsonView& list, const std::string& prefix) {
  MobyNetworks networks;
  for (const JsonView& network : list.Items()) {
    const std::string_view id = network["Id"].Text();
    MetaLabels labels(prefix);
    labels.Add("network_id", id);
    labels.Add("network_name", network["Name"].Text());
    labels.Add("network_scope", network["Scope"].Text());
    labels.Add("network_internal", BoolText(network["Internal"].Bool()));
    labels.Add("network_ingress", BoolText(network["Ingress"].Bool()));
    labels.AddAll("network_label_", network["Labels"]);
    networks.emplace(id, std::move(labels));
  }
  return networks;
}

}  // namespace sluice::scrape
