#include "scrape/discovery/digitalocean/digitalocean_plan.h"

#include <utility>

#include "scrape/discovery/host_port.h"
#include "scrape/discovery/json_entries.h"
#include "scrape/discovery/meta_labels.h"
#include "scrape/discovery/url_query.h"

namespace sluice::scrape {
namespace {

constexpr const char* kPrefix = "__meta_digitalocean_";
constexpr int kPageSize = 200;  // the most that the API allows

// The first address of a kind; empty if there is none.
std::string_view AddressOf(const JsonView& networks, std::string_view kind) {
  for (const JsonView& network : networks.Items()) {
    if (network["type"].Text() == kind) return network["ip_address"].Text();
  }
  return {};
}

void AddList(std::string_view name, const JsonView& list, MetaLabels& labels) {
  const std::vector<std::string_view> texts = list.Texts();
  if (!texts.empty()) labels.Add(name, WrappedList(texts, ","));
}

// No label for a droplet without an IPv4 address: it is left out.
Result<relabel::Labels> ReadDroplet(const JsonView& droplet, uint16_t port) {
  const JsonView ipv4 = droplet["networks"]["v4"];
  if (ipv4.Items().empty()) return relabel::Labels();
  const std::string_view public_ip = AddressOf(ipv4, "public");
  MetaLabels labels(kPrefix);
  labels.Add("droplet_id", std::to_string(droplet["id"].Integer()));
  labels.Add("droplet_name", droplet["name"].Text());
  labels.Add("image", droplet["image"]["slug"].Text());
  labels.Add("image_name", droplet["image"]["name"].Text());
  labels.Add("private_ipv4", AddressOf(ipv4, "private"));
  labels.Add("public_ipv4", public_ip);
  labels.Add("public_ipv6", AddressOf(droplet["networks"]["v6"], "public"));
  labels.Add("region", droplet["region"]["slug"].Text());
  labels.Add("size", droplet["size_slug"].Text());
  labels.Add("status", droplet["status"].Text());
  labels.Add("vpc", droplet["vpc_uuid"].Text());
  AddList("features", droplet["features"], labels);
  AddList("tags", droplet["tags"], labels);
  return labels.Target(HostPort(public_ip, std::to_string(port)));
}

Result<relabel::Labels> ReadDatabase(const JsonView& database, uint16_t port) {
  const std::string_view public_host = database["connection"]["host"].Text();
  const std::string_view private_host = database["private_connection"]["host"].Text();
  MetaLabels labels(kPrefix);
  labels.Add("db_id", database["id"].Text());
  labels.Add("db_name", database["name"].Text());
  labels.Add("db_engine", database["engine"].Text());
  labels.Add("db_version", database["version"].Text());
  labels.Add("db_status", database["status"].Text());
  labels.Add("db_region", database["region"].Text());
  labels.Add("db_size", database["size"].Text());
  labels.Add("db_num_nodes", std::to_string(database["num_nodes"].Integer()));
  labels.Add("db_host", public_host);
  labels.Add("db_private_host", private_host);
  // As they are, also when they are no names that one can write without quotes.
  for (const std::string_view tag : database["tags"].Texts()) {
    labels.Add("db_tag_" + std::string(tag), "true");
  }
  const std::string_view host = private_host.empty() ? public_host : private_host;
  return labels.Target(host.empty() ? "" : HostPort(host, std::to_string(port)));
}

}  // namespace

DigitalOceanPlan::DigitalOceanPlan(DigitalOceanSdConfig config) : config_(std::move(config)) {}

const char* DigitalOceanPlan::List() const {
  return config_.role == DigitalOceanRole::kDatabases ? "databases" : "droplets";
}

Result<HttpRequests> DigitalOceanPlan::Begin() {
  page_ = 1;
  refreshed_ = {};
  const bool droplets = config_.role == DigitalOceanRole::kDroplets;
  refreshed_.groups.push_back({.source = droplets ? "DigitalOcean" : "DigitalOcean Databases",
                               .targets = {},
                               .labels = {}});
  return HttpRequests{PageRequest()};
}

HttpRequest DigitalOceanPlan::PageRequest() const {
  UrlQuery query;
  query.Add("page", std::to_string(page_));
  query.Add("per_page", std::to_string(kPageSize));
  HttpRequest request;
  request.url = config_.api_url + "/v2/" + List() + query.Text();
  request.client = config_.client;
  request.timeout = config_.refresh_interval;
  request.accept_gzip = true;
  return request;
}

Result<HttpStep> DigitalOceanPlan::Next(const std::vector<HttpAnswer>& answers) {
  const Result<bool> more = ReadPage(answers.front());
  if (!more.ok()) return more.error();
  if (!*more) return HttpStep(std::exchange(refreshed_, {}));
  ++page_;
  return HttpStep(HttpRequests{PageRequest()});
}

Result<bool> DigitalOceanPlan::ReadPage(const HttpAnswer& answer) {
  const auto json = ParseJsonAnswer(answer);
  if (!json.ok()) return json.error();
  const JsonView root = (*json)->root();
  const JsonView list = root[List()];
  const bool is_empty = list.Items().empty();
  const bool has_next = !root["links"]["pages"]["next"].Text().empty();
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  const bool databases = config_.role == DigitalOceanRole::kDatabases;
  ReadEntries(
      **json, list, List(), refreshed_.bad_entries,
      [&](const JsonView& entry) {
        return databases ? ReadDatabase(entry, config_.port) : ReadDroplet(entry, config_.port);
      },
      [&](relabel::Labels target) {
        if (target.empty()) return;
        refreshed_.groups.front().targets.push_back(std::move(target));
      });
  return has_next && !is_empty;
}

}  // namespace sluice::scrape
