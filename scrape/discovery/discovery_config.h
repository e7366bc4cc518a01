// Which discovery a job has: one entry of a `*_sd_configs` list.
#pragma once

#include <string>
#include <variant>

#include "scrape/discovery/azure/azure_sd_config.h"
#include "scrape/discovery/consul/consul_sd_config.h"
#include "scrape/discovery/digitalocean/digitalocean_sd_config.h"
#include "scrape/discovery/dns/dns_sd_config.h"
#include "scrape/discovery/docker/docker_sd_config.h"
#include "scrape/discovery/dockerswarm/dockerswarm_sd_config.h"
#include "scrape/discovery/ec2/ec2_sd_config.h"
#include "scrape/discovery/eureka/eureka_sd_config.h"
#include "scrape/discovery/file/file_sd_config.h"
#include "scrape/discovery/gce/gce_sd_config.h"
#include "scrape/discovery/hetzner/hetzner_sd_config.h"
#include "scrape/discovery/http/http_sd_config.h"
#include "scrape/discovery/ionos/ionos_sd_config.h"
#include "scrape/discovery/kubernetes/kubernetes_sd_config.h"
#include "scrape/discovery/kuma/kuma_sd_config.h"
#include "scrape/discovery/lightsail/lightsail_sd_config.h"
#include "scrape/discovery/linode/linode_sd_config.h"
#include "scrape/discovery/marathon/marathon_sd_config.h"
#include "scrape/discovery/nomad/nomad_sd_config.h"
#include "scrape/discovery/openstack/openstack_sd_config.h"
#include "scrape/discovery/puppetdb/puppetdb_sd_config.h"
#include "scrape/discovery/scaleway/scaleway_sd_config.h"
#include "scrape/discovery/triton/triton_sd_config.h"
#include "scrape/discovery/uyuni/uyuni_sd_config.h"
#include "scrape/discovery/vultr/vultr_sd_config.h"

namespace sluice::scrape {

using DiscoveryMechanism =
    std::variant<AzureSdConfig, ConsulSdConfig, DigitalOceanSdConfig, DnsSdConfig, DockerSdConfig,
                 DockerSwarmSdConfig, Ec2SdConfig, EurekaSdConfig, FileSdConfig, GceSdConfig,
                 HetznerSdConfig, HttpSdConfig, IonosSdConfig, KubernetesSdConfig, KumaSdConfig,
                 LightsailSdConfig, LinodeSdConfig, MarathonSdConfig, NomadSdConfig,
                 OpenStackSdConfig, PuppetDbSdConfig, ScalewaySdConfig, TritonSdConfig,
                 UyuniSdConfig, VultrSdConfig>;

struct DiscoveryConfig {
  // Equal exactly when two entries mean the same, which then share one discovery. It has the
  // secrets in it: never to be shown.
  std::string identity;
  // The same without the secrets.
  std::string public_identity = {};
  DiscoveryMechanism mechanism;
};

// As metrics and log lines name it: "file".
inline std::string MechanismName(const DiscoveryConfig& config) {
  return std::visit([](const auto& mechanism) { return std::string(mechanism.kMechanism); },
                    config.mechanism);
}

}  // namespace sluice::scrape
