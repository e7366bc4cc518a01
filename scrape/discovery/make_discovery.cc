#include <utility>

#include "scrape/discovery/azure/azure_plan.h"
#include "scrape/discovery/consul/consul_discovery.h"
#include "scrape/discovery/digitalocean/digitalocean_plan.h"
#include "scrape/discovery/discovery.h"
#include "scrape/discovery/dns/dns_refresher.h"
#include "scrape/discovery/docker/docker_plan.h"
#include "scrape/discovery/dockerswarm/dockerswarm_plan.h"
#include "scrape/discovery/ec2/ec2_plan.h"
#include "scrape/discovery/eureka/eureka_plan.h"
#include "scrape/discovery/file/file_discovery.h"
#include "scrape/discovery/gce/gce_plan.h"
#include "scrape/discovery/hetzner/hetzner_plan.h"
#include "scrape/discovery/http/http_sd_plan.h"
#include "scrape/discovery/http_refresher.h"
#include "scrape/discovery/ionos/ionos_plan.h"
#include "scrape/discovery/kubernetes/kubernetes_discovery.h"
#include "scrape/discovery/kuma/kuma_plan.h"
#include "scrape/discovery/lightsail/lightsail_plan.h"
#include "scrape/discovery/linode/linode_plan.h"
#include "scrape/discovery/marathon/marathon_plan.h"
#include "scrape/discovery/nomad/nomad_plan.h"
#include "scrape/discovery/openstack/openstack_plan.h"
#include "scrape/discovery/polling_discovery.h"
#include "scrape/discovery/puppetdb/puppetdb_plan.h"
#include "scrape/discovery/scaleway/scaleway_plan.h"
#include "scrape/discovery/triton/triton_plan.h"
#include "scrape/discovery/uyuni/uyuni_plan.h"
#include "scrape/discovery/vultr/vultr_plan.h"

namespace sluice::scrape {
namespace {

// One overload for each mechanism.
class Maker {
 public:
  Maker(DiscoverySink sink, DiscoveryDeps deps) : sink_(std::move(sink)), deps_(std::move(deps)) {}

  std::unique_ptr<Discovery> operator()(const AzureSdConfig& config) {
    const Counter failures =
        deps_.telemetry.AddCounter("prometheus_sd_azure_failures_total",
                                   "Number of Azure service discovery refresh failures.");
    const Counter cache_hits = deps_.telemetry.AddCounter("prometheus_sd_azure_cache_hit_total",
                                                          "Number of cache hit during refresh.");
    return Ask(config, std::make_unique<AzurePlan>(config, cache_hits), failures);
  }

  std::unique_ptr<Discovery> operator()(const ConsulSdConfig& config) {
    return std::make_unique<ConsulDiscovery>(config, std::move(sink_), std::move(deps_));
  }

  std::unique_ptr<Discovery> operator()(const DigitalOceanSdConfig& config) {
    return Ask(config, std::make_unique<DigitalOceanPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const DnsSdConfig& config) {
    const auto read_config = [] { return ReadResolverConfig("/etc/resolv.conf"); };
    return Poll(config,
                std::make_unique<DnsRefresher>(config, read_config, deps_.loop, deps_.telemetry));
  }

  std::unique_ptr<Discovery> operator()(const DockerSdConfig& config) {
    return Ask(config, std::make_unique<DockerPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const DockerSwarmSdConfig& config) {
    return Ask(config, std::make_unique<DockerSwarmPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const Ec2SdConfig& config) {
    return Ask(config, std::make_unique<Ec2Plan>(config));
  }

  std::unique_ptr<Discovery> operator()(const EurekaSdConfig& config) {
    return Ask(config, std::make_unique<EurekaPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const FileSdConfig& config) {
    return std::make_unique<FileDiscovery>(config, std::move(sink_), std::move(deps_));
  }

  std::unique_ptr<Discovery> operator()(const GceSdConfig& config) {
    return Ask(config, std::make_unique<GcePlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const HetznerSdConfig& config) {
    return Ask(config, std::make_unique<HetznerPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const HttpSdConfig& config) {
    const Counter failures = deps_.telemetry.AddCounter(
        "prometheus_sd_http_failures_total", "Number of HTTP service discovery refresh failures.");
    return Ask(config, std::make_unique<HttpSdPlan>(config), failures);
  }

  std::unique_ptr<Discovery> operator()(const IonosSdConfig& config) {
    return Ask(config, std::make_unique<IonosPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const KubernetesSdConfig& config) {
    deps_.last_groups.clear();  // its first answer leaves nothing open
    return std::make_unique<KubernetesDiscovery>(config, std::move(sink_), std::move(deps_));
  }

  std::unique_ptr<Discovery> operator()(const KumaSdConfig& config) {
    const Counter failures = deps_.telemetry.AddCounter(
        "prometheus_sd_kuma_fetch_failures_total", "The number of Kuma MADS fetch call failures.");
    return Ask(config, std::make_unique<KumaPlan>(config), failures);
  }

  std::unique_ptr<Discovery> operator()(const LightsailSdConfig& config) {
    return Ask(config, std::make_unique<LightsailPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const LinodeSdConfig& config) {
    const Counter failures =
        deps_.telemetry.AddCounter("prometheus_sd_linode_failures_total",
                                   "Number of Linode service discovery refresh failures.");
    return Ask(config, std::make_unique<LinodePlan>(config), failures);
  }

  std::unique_ptr<Discovery> operator()(const MarathonSdConfig& config) {
    return Ask(config, std::make_unique<MarathonPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const NomadSdConfig& config) {
    const Counter failures =
        deps_.telemetry.AddCounter("prometheus_sd_nomad_failures_total",
                                   "Number of nomad service discovery refresh failures.");
    return Ask(config, std::make_unique<NomadPlan>(config), failures);
  }

  std::unique_ptr<Discovery> operator()(OpenStackSdConfig config) {
    if (config.credentials.identity_endpoint.empty()) {
      config.credentials = CredentialsOfEnvironment(ReadEnvironment({"OS_"}));
    }
    return Ask(config, std::make_unique<OpenStackPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const PuppetDbSdConfig& config) {
    return Ask(config, std::make_unique<PuppetDbPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const ScalewaySdConfig& config) {
    return Ask(config, std::make_unique<ScalewayPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const TritonSdConfig& config) {
    return Ask(config, std::make_unique<TritonPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const UyuniSdConfig& config) {
    return Ask(config, std::make_unique<UyuniPlan>(config));
  }

  std::unique_ptr<Discovery> operator()(const VultrSdConfig& config) {
    return Ask(config, std::make_unique<VultrPlan>(config));
  }

 private:
  template <class Config>
  std::unique_ptr<Discovery> Ask(const Config& config, std::unique_ptr<HttpPlan> plan,
                                 Counter failures = {}) {
    return Poll(config, std::make_unique<HttpRefresher>(std::move(plan), deps_.loop), failures);
  }

  template <class Config>
  std::unique_ptr<Discovery> Poll(const Config& config, std::unique_ptr<Refresher> refresher,
                                  Counter failures = {}) {
    return std::make_unique<PollingDiscovery>(
        PollingDiscovery::Options{std::string(Config::kMechanism), config.refresh_interval,
                                  failures},
        std::move(refresher), std::move(sink_), std::move(deps_));
  }

  DiscoverySink sink_;
  DiscoveryDeps deps_;
};

}  // namespace

std::unique_ptr<Discovery> MakeDiscovery(const DiscoveryConfig& config, DiscoverySink sink,
                                         DiscoveryDeps deps) {
  return std::visit(Maker(std::move(sink), std::move(deps)), config.mechanism);
}

}  // namespace sluice::scrape
