#include "scrape/discovery/consul/consul_discovery.h"

#include <utility>

#include "base/hash.h"
#include "scrape/discovery/consul/consul_api.h"

namespace sluice::scrape {
namespace {

Histogram DurationOf(Telemetry& telemetry, const std::string& call) {
  return telemetry.AddHistogram(
      "prometheus_sd_consul_rpc_duration_seconds", "The duration of a Consul RPC call in seconds.",
      {{"endpoint", "catalog"}, {"call", call}}, {0.01, 0.1, 1, 10, 60, 120});
}

}  // namespace

ConsulDiscovery::ConsulDiscovery(ConsulSdConfig config, DiscoverySink sink, DiscoveryDeps deps)
    : config_(std::move(config)),
      sink_(std::move(sink)),
      deps_(std::move(deps)),
      logger_(deps_.logger.With({"discovery", "consul"})),
      metrics_(deps_.telemetry, "consul", deps_.config),
      rpc_failures_(deps_.telemetry.AddCounter("prometheus_sd_consul_rpc_failures_total",
                                               "The number of Consul RPC call failures.")),
      catalog_duration_(DurationOf(deps_.telemetry, "services")),
      service_duration_(DurationOf(deps_.telemetry, "service")),
      datacenter_(config_.datacenter) {
  book_.Recall(std::exchange(deps_.last_groups, {}));
  deps_.loop.Post([this] { datacenter_.empty() ? AskForDatacenter() : Start(); });
}

ConsulDiscovery::~ConsulDiscovery() {
  deps_.loop.Run([this] {
    if (start_) deps_.loop.CancelTimer(*start_);
    agent_.reset();
    catalog_.reset();
    services_.clear();
  });
}

ConsulWatch::Options ConsulDiscovery::WatchOptions(const Histogram& duration) const {
  ConsulWatch::Options options;
  options.interval = config_.refresh_interval;
  options.seed = deps_.seed;
  options.duration = duration;
  return options;
}

void ConsulDiscovery::AskForDatacenter() {
  ConsulWatch::Options options = WatchOptions({});
  options.request = [this](uint64_t /*index*/) { return ConsulAgentRequest(config_); };
  options.on_news = [this](const std::string& body) {
    Result<std::string> datacenter = ParseConsulDatacenter(body);
    if (!datacenter.ok()) return Status(datacenter.error());
    datacenter_ = std::move(*datacenter);
    return Status::Ok();
  };
  options.on_end = [this](const Status& status) {
    OnEnd(status);
    if (!status.ok()) return;
    start_ = deps_.loop.StartTimer(deps_.loop.clock().MonotonicNow(), [this] {
      start_.reset();
      agent_.reset();
      Start();
    });
  };
  agent_ = std::make_unique<ConsulWatch>(std::move(options), deps_.loop);
}

void ConsulDiscovery::Start() {
  const bool services_are_known =
      !config_.services.empty() && config_.tags.empty() && config_.filter.empty();
  if (services_are_known) {
    WatchServices(config_.services);
  } else {
    WatchCatalog();
  }
}

void ConsulDiscovery::WatchCatalog() {
  ConsulWatch::Options options = WatchOptions(catalog_duration_);
  options.request = [this](uint64_t index) { return ConsulCatalogRequest(config_, index); };
  options.on_news = [this](const std::string& body) { return OnCatalog(body); };
  options.on_end = [this](const Status& status) { OnEnd(status); };
  catalog_ = std::make_unique<ConsulWatch>(std::move(options), deps_.loop);
}

Status ConsulDiscovery::OnCatalog(const std::string& body) {
  const Result<std::vector<std::string>> names = ParseConsulCatalog(config_, body);
  if (!names.ok()) return names.error();
  if (names->size() > kServicesMax) {
    return Error{ErrorCode::kResourceExhausted,
                 "more than " + std::to_string(kServicesMax) + " services"};
  }
  WatchServices(*names);
  return Status::Ok();
}

void ConsulDiscovery::WatchServices(const std::vector<std::string>& names) {
  const std::set<std::string> wanted(names.begin(), names.end());
  std::vector<std::string> gone;
  for (const auto& [name, service] : services_) {
    if (!wanted.contains(name)) gone.push_back(name);
  }
  for (const std::string& name : gone) {
    services_.erase(name);
    silent_.erase(name);
    TargetGroup group;
    group.source = name;
    if (book_.told()) Tell(book_.Put(std::move(group)));
  }
  for (const std::string& name : wanted) {
    if (!services_.contains(name)) WatchService(name);
  }
  TellFirst();
}

void ConsulDiscovery::WatchService(const std::string& name) {
  silent_.insert(name);
  ConsulWatch::Options options = WatchOptions(service_duration_);
  options.seed ^= XxHash64(name);
  options.request = [this, name](uint64_t index) {
    return ConsulServiceRequest(config_, name, index);
  };
  options.on_news = [this, name](const std::string& body) { return OnService(name, body); };
  options.on_end = [this, name](const Status& status) {
    OnEnd(status);
    silent_.erase(name);
    TellFirst();
  };
  services_[name].watch = std::make_unique<ConsulWatch>(std::move(options), deps_.loop);
}

Status ConsulDiscovery::OnService(const std::string& name, const std::string& body) {
  Result<ConsulService> service = ParseConsulService(config_, datacenter_, name, body);
  if (!service.ok()) return service.error();
  metrics_.bad_entries.Increment(static_cast<double>(service->bad_entries.size()));
  if (!service->bad_entries.empty()) {
    const std::string& bad = service->bad_entries.front();
    if (bad != std::exchange(last_bad_entry_, bad)) {
      logger_.Warn("entries are left out",
                   {{"count", service->bad_entries.size()}, {"first", bad}});
    }
  }
  any_answered_ = true;
  if (book_.told()) {
    Tell(book_.Put(std::move(service->group)));
  } else {
    services_.at(name).first = std::move(service->group);
  }
  return Status::Ok();
}

void ConsulDiscovery::OnEnd(const Status& status) {
  if (status.ok()) {
    metrics_.last_success.Set(static_cast<double>(deps_.loop.clock().WallNowMs()) / 1000);
    return;
  }
  metrics_.failures.Increment();
  rpc_failures_.Increment();
  const std::string& error = status.error().message;
  if (error == std::exchange(last_error_, error)) return;
  logger_.Error("cannot discover targets, keeping the last ones", {{"error", error}});
}

// When all services failed, nobody knows what there is.
void ConsulDiscovery::TellFirst() {
  const bool any_known = any_answered_ || services_.empty();
  if (book_.told() || !silent_.empty() || !any_known) return;
  TargetGroups groups;
  std::map<std::string, std::string> unknown;
  for (auto& [name, service] : services_) {
    if (service.first) {
      groups.push_back(std::move(*service.first));
    } else {
      unknown[name] = last_error_;
    }
    service.first.reset();
  }
  Tell(book_.Replace(std::move(groups), unknown));
}

void ConsulDiscovery::Tell(std::optional<DiscoveryUpdate> update) {
  if (update) sink_(std::move(*update));
}

}  // namespace sluice::scrape
