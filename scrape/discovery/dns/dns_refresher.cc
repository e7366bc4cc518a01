#include "scrape/discovery/dns/dns_refresher.h"

#include <algorithm>
#include <utility>

#include "scrape/discovery/host_port.h"

namespace sluice::scrape {
namespace {

// As Prometheus's.
constexpr std::chrono::milliseconds kTimeout{2000};

// Names that come twice are asked for once.
DnsSdConfig WithoutRepeats(DnsSdConfig config) {
  std::vector<std::string> names;
  for (std::string& name : config.names) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  config.names = std::move(names);
  return config;
}

std::string WithoutLastDots(std::string name) {
  name.erase(name.find_last_not_of('.') + 1);
  return name;
}

}  // namespace

TargetGroup MakeDnsGroup(const DnsSdConfig& config, const std::string& name,
                         const std::vector<DnsRecord>& records) {
  TargetGroup group;
  group.source = name;
  const std::string port = std::to_string(config.port);
  for (const auto& [target, srv_port] : records) {
    const std::string host = WithoutLastDots(target);
    if (host.empty()) continue;
    std::vector<relabel::Label> labels = {{"__meta_dns_name", name}};
    const auto add = [&](std::string_view label, std::string value) {
      labels.push_back({"__meta_dns_" + std::string(label), std::move(value)});
    };
    std::string own_port = port;
    switch (config.type) {
      case DnsType::kSrv:
        own_port = std::to_string(srv_port);
        add("srv_record_target", target);
        add("srv_record_port", own_port);
        break;
      case DnsType::kMx:
        add("mx_record_target", target);
        break;
      case DnsType::kNs:
        add("ns_record_target", target);
        break;
      case DnsType::kA:
      case DnsType::kAaaa:
        break;
    }
    labels.push_back({"__address__", HostPort(host, own_port)});
    group.targets.push_back(relabel::Labels::From(std::move(labels)));
  }
  return group;
}

DnsRefresher::DnsRefresher(DnsSdConfig config, ReadConfig read_config, DiscoveryLoop& loop,
                           Telemetry& telemetry)
    : config_(WithoutRepeats(std::move(config))),
      read_config_(std::move(read_config)),
      loop_(loop),
      lookups_(
          telemetry.AddCounter("prometheus_sd_dns_lookups_total", "The number of DNS-SD lookups.")),
      lookup_failures_(telemetry.AddCounter("prometheus_sd_dns_lookup_failures_total",
                                            "The number of DNS-SD lookup failures.")) {}

DnsRefresher::~DnsRefresher() {
  if (timer_) loop_.CancelTimer(*timer_);
}

void DnsRefresher::Begin(Done done) {
  done_ = std::move(done);
  timer_ = loop_.StartTimer(loop_.clock().MonotonicNow(), [this] { Start(); });
}

void DnsRefresher::Start() {
  timer_.reset();
  Result<ResolverConfig> resolver_config = read_config_();
  if (!resolver_config.ok()) return End(resolver_config.error());
  resolver_config_ = std::move(*resolver_config);
  auto resolver = DnsResolver::Make(loop_, resolver_config_.servers, kTimeout);
  if (!resolver.ok()) return End(resolver.error());
  resolver_ = std::move(*resolver);
  started_ = 0;
  ended_ = 0;
  refreshed_ = {};
  StartLookups();
}

void DnsRefresher::StartLookups() {
  starting_ = true;
  while (started_ < config_.names.size() && started_ - ended_ < kInFlightMax) {
    auto lookup = std::make_shared<Lookup>();
    lookup->name = config_.names[started_++];
    lookup->candidates = CandidateNames(lookup->name, resolver_config_);
    lookups_.Increment();
    AskNext(lookup);
  }
  starting_ = false;
  if (ended_ == config_.names.size()) EndRound();
}

void DnsRefresher::AskNext(const std::shared_ptr<Lookup>& lookup) {
  if (lookup->next == lookup->candidates.size()) return EndLookup(*lookup, {});
  const std::string& candidate = lookup->candidates[lookup->next++];
  resolver_->Ask(candidate, config_.type,
                 [this, lookup](const DnsAnswer& answer) { OnAnswer(lookup, answer); });
}

void DnsRefresher::OnAnswer(const std::shared_ptr<Lookup>& lookup, const DnsAnswer& answer) {
  switch (answer.outcome) {
    case DnsAnswer::Outcome::kRecords:
      lookup->error.clear();
      return EndLookup(*lookup, answer.records);
    case DnsAnswer::Outcome::kFailed:
      // A later candidate may exist; but if none does, nobody knows about this one.
      if (lookup->error.empty()) lookup->error = answer.error;
      return AskNext(lookup);
    case DnsAnswer::Outcome::kNoSuchName:
      return AskNext(lookup);
  }
}

void DnsRefresher::EndLookup(const Lookup& lookup, const std::vector<DnsRecord>& records) {
  ++ended_;
  if (lookup.error.empty()) {
    refreshed_.groups.push_back(MakeDnsGroup(config_, lookup.name, records));
  } else {
    lookup_failures_.Increment();
    refreshed_.unknown[lookup.name] = "could not resolve " + lookup.name + ": " + lookup.error;
  }
  // Some end at once, from within: those must not pile up on the stack.
  if (!starting_) StartLookups();
}

void DnsRefresher::EndRound() {
  if (refreshed_.groups.empty()) {
    return End(Error{ErrorCode::kRetryable, refreshed_.unknown.begin()->second});
  }
  End(std::exchange(refreshed_, {}));
}

void DnsRefresher::End(Result<Refreshed> result) {
  // The resolver stays until the next round: this may run within it.
  const Done done = std::exchange(done_, nullptr);
  done(std::move(result));
}

}  // namespace sluice::scrape
