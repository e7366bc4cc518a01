#include "agent/config/discovery/discovery_sections.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <utility>

#include "agent/config/canonical.h"
#include "agent/config/content.h"
#include "agent/config/discovery/azure_section.h"
#include "agent/config/discovery/consul_section.h"
#include "agent/config/discovery/digitalocean_section.h"
#include "agent/config/discovery/dns_section.h"
#include "agent/config/discovery/docker_section.h"
#include "agent/config/discovery/ec2_section.h"
#include "agent/config/discovery/eureka_section.h"
#include "agent/config/discovery/file_section.h"
#include "agent/config/discovery/gce_section.h"
#include "agent/config/discovery/hetzner_section.h"
#include "agent/config/discovery/http_section.h"
#include "agent/config/discovery/ionos_section.h"
#include "agent/config/discovery/kubernetes_section.h"
#include "agent/config/discovery/kuma_section.h"
#include "agent/config/discovery/lightsail_section.h"
#include "agent/config/discovery/linode_section.h"
#include "agent/config/discovery/marathon_section.h"
#include "agent/config/discovery/nomad_section.h"
#include "agent/config/discovery/openstack_section.h"
#include "agent/config/discovery/puppetdb_section.h"
#include "agent/config/discovery/scaleway_section.h"
#include "agent/config/discovery/triton_section.h"
#include "agent/config/discovery/uyuni_section.h"
#include "agent/config/discovery/vultr_section.h"
#include "agent/config/hidden_secrets.h"
#include "agent/config/specs/discovery_specs.h"

namespace sluice::agent {
namespace {

using Decode = scrape::DiscoveryMechanism (*)(const Value&);

template <auto kDecode>
scrape::DiscoveryMechanism Decoded(const Value& value) {
  return kDecode(value);
}

constexpr std::pair<std::string_view, Decode> kSections[] = {
    {"azure_sd_configs", &Decoded<&DecodeAzureSd>},
    {"consul_sd_configs", &Decoded<&DecodeConsulSd>},
    {"digitalocean_sd_configs", &Decoded<&DecodeDigitalOceanSd>},
    {"dns_sd_configs", &Decoded<&DecodeDnsSd>},
    {"docker_sd_configs", &Decoded<&DecodeDockerSd>},
    {"dockerswarm_sd_configs", &Decoded<&DecodeDockerSwarmSd>},
    {"ec2_sd_configs", &Decoded<&DecodeEc2Sd>},
    {"eureka_sd_configs", &Decoded<&DecodeEurekaSd>},
    {"file_sd_configs", &Decoded<&DecodeFileSd>},
    {"gce_sd_configs", &Decoded<&DecodeGceSd>},
    {"hetzner_sd_configs", &Decoded<&DecodeHetznerSd>},
    {"http_sd_configs", &Decoded<&DecodeHttpSd>},
    {"ionos_sd_configs", &Decoded<&DecodeIonosSd>},
    {"kubernetes_sd_configs", &Decoded<&DecodeKubernetesSd>},
    {"kuma_sd_configs", &Decoded<&DecodeKumaSd>},
    {"lightsail_sd_configs", &Decoded<&DecodeLightsailSd>},
    {"linode_sd_configs", &Decoded<&DecodeLinodeSd>},
    {"marathon_sd_configs", &Decoded<&DecodeMarathonSd>},
    {"nomad_sd_configs", &Decoded<&DecodeNomadSd>},
    {"openstack_sd_configs", &Decoded<&DecodeOpenStackSd>},
    {"puppetdb_sd_configs", &Decoded<&DecodePuppetDbSd>},
    {"scaleway_sd_configs", &Decoded<&DecodeScalewaySd>},
    {"triton_sd_configs", &Decoded<&DecodeTritonSd>},
    {"uyuni_sd_configs", &Decoded<&DecodeUyuniSd>},
    {"vultr_sd_configs", &Decoded<&DecodeVultrSd>},
};

// With the folder that relative paths belong to.
std::string IdentityOf(std::string_view field, const Value& value, const YamlNode& node) {
  const std::filesystem::path file(value.decoder().file());
  return std::string(field) + " " + file.parent_path().string() + " " + CanonicalText(node);
}

bool Works(std::string_view field) {
  return std::any_of(std::begin(kSections), std::end(kSections),
                     [&](const auto& section) { return section.first == field; });
}

// Each is checked as Prometheus would, whether it works or not.
void CheckDiscoveries(const Fields& fields) {
  CheckFields(fields, DiscoverySpecs());
  for (const FieldSpec& spec : DiscoverySpecs()) {
    const auto list = fields.Find(spec.name);
    if (list && !Works(spec.name)) FailUnlessEmpty(*list, spec.name);
  }
}

}  // namespace

std::vector<std::string_view> DiscoveryFields() { return NamesOf(DiscoverySpecs()); }

std::vector<scrape::DiscoveryConfig> DecodeDiscoveries(const Fields& fields) {
  CheckDiscoveries(fields);
  std::vector<scrape::DiscoveryConfig> discoveries;
  for (const auto& [field, decode] : kSections) {
    const auto list = fields.Find(field);
    if (!list) continue;
    for (const Value& item : list->Items("[]*discovery.Config")) {
      if (item.is_null()) item.Fail("empty or null section in " + std::string(field));
      YamlNode hidden = item.node();
      HideSecrets(hidden);
      discoveries.push_back({.identity = IdentityOf(field, item, item.node()),
                             .public_identity = IdentityOf(field, item, hidden),
                             .mechanism = decode(item)});
    }
  }
  return discoveries;
}

}  // namespace sluice::agent
