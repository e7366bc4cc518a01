#include "scrape/discovery/openstack/openstack_plan.h"

#include <utility>

#include "scrape/discovery/json_entries.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kCompute = "compute";
constexpr std::string_view kNetwork = "network";
constexpr std::string_view kLoadBalancer = "load-balancer";

// The query of the link to the next page, with its question mark; empty if there is none.
std::string NextQuery(const JsonView& links) {
  for (const JsonView& link : links.Items()) {
    if (link["rel"].Text() != "next") continue;
    const std::string_view url = link["href"].Text();
    const size_t query = url.find('?');
    return query == std::string_view::npos ? "" : std::string(url.substr(query));
  }
  return "";
}

}  // namespace

std::span<const OpenStackPlan::List> OpenStackPlan::ListsOf(OpenStackRole role) {
  static constexpr List kInstanceLists[] = {
      {Kind::kPorts, kNetwork, "/v2.0/ports", "ports"},
      {Kind::kFloatingIps, kNetwork, "/v2.0/floatingips", "floatingips"},
      {Kind::kServers, kCompute, "/servers/detail", "servers"}};
  static constexpr List kHypervisorLists[] = {
      {Kind::kHypervisors, kCompute, "/os-hypervisors/detail", "hypervisors"}};
  static constexpr List kLoadBalancerLists[] = {
      {Kind::kFloatingIps, kNetwork, "/v2.0/floatingips", "floatingips"},
      {Kind::kListeners, kLoadBalancer, "/v2.0/lbaas/listeners", "listeners"},
      {Kind::kLoadBalancers, kLoadBalancer, "/v2.0/lbaas/loadbalancers", "loadbalancers"}};
  switch (role) {
    case OpenStackRole::kInstance:
      return kInstanceLists;
    case OpenStackRole::kHypervisor:
      return kHypervisorLists;
    case OpenStackRole::kLoadBalancer:
      return kLoadBalancerLists;
  }
  return {};
}

OpenStackPlan::OpenStackPlan(OpenStackSdConfig config)
    : config_(std::move(config)), lists_(ListsOf(config_.role)) {}

Result<HttpRequests> OpenStackPlan::Begin() {
  session_.reset();
  current_ = 0;
  inventory_ = {};
  refreshed_ = {};
  refreshed_.groups.push_back({.source = "OS_" + config_.region, .targets = {}, .labels = {}});
  Result<HttpRequest> request = TokenRequest(config_.credentials);
  if (!request.ok()) return request.error().WithContext("cannot authenticate");
  request->client = config_.client;
  request->timeout = config_.refresh_interval;
  return HttpRequests{std::move(*request)};
}

Result<HttpStep> OpenStackPlan::Next(const std::vector<HttpAnswer>& answers) {
  const HttpAnswer& answer = answers.front();
  if (!session_) {
    Result<OpenStackSession> session = ReadSession(answer);
    if (!session.ok()) return session.error().WithContext("cannot authenticate");
    session_ = std::move(*session);
    return Ask("");
  }
  const Result<std::string> next = ReadPage(answer);
  if (!next.ok()) return next.error();
  if (!next->empty()) return Ask(*next);
  if (++current_ < lists_.size()) return Ask("");
  return HttpStep(std::exchange(refreshed_, {}));
}

Result<HttpStep> OpenStackPlan::Ask(const std::string& query) {
  const Result<std::string> endpoint =
      session_->Find(list().service, config_.availability, config_.region);
  if (!endpoint.ok()) return endpoint.error();
  query_ = query;
  if (query.empty() && list().kind == Kind::kServers && config_.all_tenants) {
    query_ = "?all_tenants=true";
  }
  HttpRequest request;
  request.url = *endpoint + std::string(list().path) + query_;
  request.headers = {{"Accept", "application/json"}, {"X-Auth-Token", session_->token}};
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  request.follow_redirects = false;
  return HttpStep(HttpRequests{std::move(request)});
}

Result<std::string> OpenStackPlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const std::string next = NextQuery(root[std::string(list().name) + "_links"]);
  static_cast<void>(root[list().name].Items());
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  if (!next.empty() && next == query_) {
    return InvalidInput(answer.url + ": the page after it is the same");
  }
  ReadList(**json);
  return next;
}

void OpenStackPlan::ReadList(JsonDocument& json) {
  const std::string name(list().name);
  const JsonView entries = json.root()[name];
  const auto take = [this](auto entry) { inventory_.Take(std::move(entry)); };
  std::vector<std::string>& bad = refreshed_.bad_entries;
  switch (list().kind) {
    case Kind::kPorts:
      return ReadEntries(json, entries, name, bad, &OpenStackInventory::ReadPort, take);
    case Kind::kFloatingIps:
      return ReadEntries(json, entries, name, bad, &OpenStackInventory::ReadFloatingIp, take);
    case Kind::kListeners:
      return ReadEntries(json, entries, name, bad, &OpenStackInventory::ReadListener, take);
    case Kind::kServers:
      return ReadEntries(
          json, entries, name, bad,
          [this](const JsonView& server) { return inventory_.ReadServer(server, config_.port); },
          [this](std::vector<relabel::Labels> targets) { AddTargets(std::move(targets)); });
    case Kind::kHypervisors:
      return ReadEntries(
          json, entries, name, bad,
          [this](const JsonView& hypervisor) {
            return OpenStackInventory::ReadHypervisor(hypervisor, config_.port);
          },
          [this](relabel::Labels target) { AddTargets({std::move(target)}); });
    case Kind::kLoadBalancers:
      return ReadEntries(
          json, entries, name, bad,
          [this](const JsonView& balancer) { return inventory_.ReadLoadBalancer(balancer); },
          [this](relabel::Labels target) {
            if (!target.empty()) AddTargets({std::move(target)});
          });
  }
}

void OpenStackPlan::AddTargets(std::vector<relabel::Labels> targets) {
  for (relabel::Labels& target : targets) {
    refreshed_.groups.front().targets.push_back(std::move(target));
  }
}

}  // namespace sluice::scrape
