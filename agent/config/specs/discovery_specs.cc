#include "agent/config/specs/discovery_specs.h"

#include "agent/config/specs/discovery_sections.h"

namespace sluice::agent {
namespace {

constexpr FieldSpec ListOf(std::string_view name, const SectionSpec& section) {
  return {.type = FieldType::kSections, .name = name, .section = &section};
}

constexpr FieldSpec kLists[] = {
    ListOf("aws_sd_configs", kAwsSpec),
    ListOf("azure_sd_configs", kAzureSpec),
    ListOf("consul_sd_configs", kConsulSpec),
    ListOf("digitalocean_sd_configs", kDigitalOceanSpec),
    ListOf("dns_sd_configs", kDnsSpec),
    ListOf("docker_sd_configs", kDockerSpec),
    ListOf("dockerswarm_sd_configs", kDockerSwarmSpec),
    ListOf("ec2_sd_configs", kEc2Spec),
    ListOf("eureka_sd_configs", kEurekaSpec),
    {.type = FieldType::kFileConfigs, .name = "file_sd_configs"},
    ListOf("gce_sd_configs", kGceSpec),
    ListOf("hetzner_sd_configs", kHetznerSpec),
    ListOf("http_sd_configs", kHttpSpec),
    ListOf("ionos_sd_configs", kIonosSpec),
    ListOf("kubernetes_sd_configs", kKubernetesSpec),
    ListOf("kuma_sd_configs", kKumaSpec),
    ListOf("lightsail_sd_configs", kLightsailSpec),
    ListOf("linode_sd_configs", kLinodeSpec),
    ListOf("marathon_sd_configs", kMarathonSpec),
    ListOf("nerve_sd_configs", kNerveSpec),
    ListOf("nomad_sd_configs", kNomadSpec),
    ListOf("oci_sd_configs", kOciSpec),
    ListOf("openstack_sd_configs", kOpenStackSpec),
    ListOf("outscale_sd_configs", kOutscaleSpec),
    ListOf("ovhcloud_sd_configs", kOvhCloudSpec),
    ListOf("puppetdb_sd_configs", kPuppetDbSpec),
    ListOf("scaleway_sd_configs", kScalewaySpec),
    ListOf("serverset_sd_configs", kServersetSpec),
    ListOf("stackit_sd_configs", kStackitSpec),
    ListOf("triton_sd_configs", kTritonSpec),
    ListOf("uyuni_sd_configs", kUyuniSpec),
    ListOf("vultr_sd_configs", kVultrSpec),
};

}  // namespace

std::span<const FieldSpec> DiscoverySpecs() { return kLists; }

}  // namespace sluice::agent
