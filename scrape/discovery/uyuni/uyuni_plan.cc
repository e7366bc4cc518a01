#include "scrape/discovery/uyuni/uyuni_plan.h"

#include <memory>
#include <string_view>
#include <utility>

#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {
namespace {

constexpr int64_t kSessionSeconds = 600;

// Calls `read` with what the call of this answer returned.
template <class Read>
Status ReadReturned(const HttpAnswer& answer, const Read& read) {
  if (Status status = RequireStatus(answer, 200); !status.ok()) return status;
  const Result<XmlElement> xml = ParseXml(answer.body);
  if (!xml.ok()) return xml.error().WithContext(answer.url);
  const Result<XmlRpcValue> value = XmlRpcReturned(*xml);
  if (!value.ok()) return value.error().WithContext(answer.url);
  Status status = read(*value);
  return status.ok() ? status : status.error().WithContext(answer.url);
}

// Reads each entry of an array. The reasons of bad ones go to `bad`, after `where[index]`.
template <class Read>
Status ReadItems(const XmlRpcValue& array, const std::string& where, std::vector<std::string>& bad,
                 const Read& read) {
  const Result<std::vector<XmlRpcValue>> items = array.Items();
  if (!items.ok()) return items.error();
  for (size_t i = 0; i < items->size(); ++i) {
    const Status status = read((*items)[i]);
    if (!status.ok()) {
      bad.push_back(where + "[" + std::to_string(i) + "]: " + status.error().message);
    }
  }
  return Status::Ok();
}

Result<std::string> GroupNames(const XmlRpcValue& groups, const std::string& separator) {
  const Result<std::vector<XmlRpcValue>> items = groups.Items();
  if (!items.ok()) return items.error();
  std::string names;
  for (size_t i = 0; i < items->size(); ++i) {
    const Result<std::string> name = (*items)[i]["name"].Text();
    if (!name.ok()) return name.error();
    names += (i == 0 ? "" : separator) + *name;
  }
  return names;
}

// Remembers the first error of several reads, so that reading stays flat.
class Reader {
 public:
  template <class T>
  T Take(Result<T> value) {
    if (value.ok()) return std::move(*value);
    if (status_.ok()) status_ = value.error();
    return {};
  }

  const Status& status() const { return status_; }

 private:
  Status status_;
};

}  // namespace

UyuniPlan::UyuniPlan(UyuniSdConfig config) : config_(std::move(config)) {}

std::string UyuniPlan::Url() const {
  std::string url = config_.server;
  while (url.ends_with('/')) url.pop_back();
  return url + "/rpc/api";
}

HttpRequest UyuniPlan::Call(std::string_view method,
                            const std::vector<XmlRpcArgument>& arguments) const {
  HttpRequest request;
  request.method = "POST";
  request.url = Url();
  request.headers = {{"Content-Type", "text/xml"}};
  request.body = std::make_shared<const std::string>(XmlRpcCall(method, arguments));
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  // The body holds the password, or the key of a session.
  request.follow_redirects = false;
  return request;
}

Result<HttpRequests> UyuniPlan::Begin() {
  step_ = Step::kLogin;
  token_.clear();
  systems_.clear();
  refreshed_ = {};
  refreshed_.groups.push_back({.source = Url(), .targets = {}, .labels = {}});
  return HttpRequests{
      Call("auth.login", {config_.username, config_.password.Reveal(), kSessionSeconds})};
}

Result<HttpStep> UyuniPlan::Next(const std::vector<HttpAnswer>& answers) {
  if (step_ == Step::kLogin) return ReadLogin(answers.front());
  if (step_ == Step::kSystems) return ReadSystems(answers.front());
  if (Status status = ReadNetworks(answers.at(0)); !status.ok()) {
    return status.error().WithContext("cannot get the networks of the systems");
  }
  if (Status status = ReadEndpoints(answers.at(1)); !status.ok()) {
    return status.error().WithContext("cannot get the endpoints of the systems");
  }
  return HttpStep(std::exchange(refreshed_, {}));
}

Result<HttpStep> UyuniPlan::ReadLogin(const HttpAnswer& answer) {
  Status status = ReadReturned(answer, [this](const XmlRpcValue& value) -> Status {
    Result<std::string> token = value.Text();
    if (!token.ok()) return token.error();
    token_ = std::move(*token);
    return Status::Ok();
  });
  if (!status.ok()) return status.error().WithContext("cannot log in");
  step_ = Step::kSystems;
  return HttpStep(HttpRequests{
      Call("system.listSystemGroupsForSystemsWithEntitlement", {token_, config_.entitlement})});
}

Result<HttpStep> UyuniPlan::ReadSystems(const HttpAnswer& answer) {
  const auto read_system = [this](const XmlRpcValue& system) -> Status {
    Reader reader;
    const int64_t id = reader.Take(system["id"].Integer());
    std::string groups = reader.Take(GroupNames(system["system_groups"], config_.separator));
    if (reader.status().ok()) systems_[id].groups = std::move(groups);
    return reader.status();
  };
  Status status = ReadReturned(answer, [&](const XmlRpcValue& value) {
    return ReadItems(value, "systems", refreshed_.bad_entries, read_system);
  });
  if (!status.ok()) return status.error().WithContext("cannot get the systems");
  if (systems_.empty()) return HttpStep(std::exchange(refreshed_, {}));
  step_ = Step::kEndpoints;
  std::vector<int64_t> ids;
  for (const auto& [id, system] : systems_) ids.push_back(id);
  return HttpStep(HttpRequests{Call("system.getNetworkForSystems", {token_, ids}),
                               Call("system.monitoring.listEndpoints", {token_, ids})});
}

Status UyuniPlan::ReadNetworks(const HttpAnswer& answer) {
  const auto read_network = [this](const XmlRpcValue& network) -> Status {
    Reader reader;
    const int64_t id = reader.Take(network["system_id"].Integer());
    std::string hostname = reader.Take(network["hostname"].Text());
    std::string primary_fqdn = reader.Take(network["primary_fqdn"].Text());
    if (!reader.status().ok()) return reader.status();
    systems_[id].hostname = std::move(hostname);
    systems_[id].primary_fqdn = std::move(primary_fqdn);
    return Status::Ok();
  };
  return ReadReturned(answer, [&](const XmlRpcValue& value) {
    return ReadItems(value, "networks", refreshed_.bad_entries, read_network);
  });
}

Status UyuniPlan::ReadEndpoints(const HttpAnswer& answer) {
  const auto read_endpoint = [this](const XmlRpcValue& endpoint) -> Status {
    Result<relabel::Labels> target = ReadEndpoint(endpoint);
    if (!target.ok()) return target.error();
    refreshed_.groups.front().targets.push_back(std::move(*target));
    return Status::Ok();
  };
  return ReadReturned(answer, [&](const XmlRpcValue& value) {
    return ReadItems(value, "endpoints", refreshed_.bad_entries, read_endpoint);
  });
}

Result<relabel::Labels> UyuniPlan::ReadEndpoint(const XmlRpcValue& endpoint) const {
  Reader reader;
  const int64_t id = reader.Take(endpoint["system_id"].Integer());
  const int64_t port = reader.Take(endpoint["port"].Integer());
  const bool has_tls = reader.Take(endpoint["tls_enabled"].Bool());
  const auto known = systems_.find(id);
  const UyuniSystem system = known == systems_.end() ? UyuniSystem() : known->second;
  MetaLabels labels("__meta_uyuni_");
  labels.Add("minion_hostname", system.hostname);
  labels.Add("primary_fqdn", system.primary_fqdn);
  labels.Add("system_id", std::to_string(id));
  labels.Add("groups", system.groups);
  labels.Add("endpoint_name", reader.Take(endpoint["endpoint_name"].Text()));
  labels.Add("exporter", reader.Take(endpoint["exporter_name"].Text()));
  labels.Add("proxy_module", reader.Take(endpoint["module"].Text()));
  labels.Add("metrics_path", reader.Take(endpoint["path"].Text()));
  labels.Add("scheme", has_tls ? "https" : "http");
  if (!reader.status().ok()) return reader.status().error();
  return labels.Target(system.hostname + ":" + std::to_string(port));
}

}  // namespace sluice::scrape
