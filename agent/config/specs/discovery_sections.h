// The entry of each `*_sd_configs` list, grouped by file.
#pragma once

#include "agent/config/spec.h"

namespace sluice::agent {

// cluster_specs.cc: what schedules workloads.
extern const SectionSpec kDockerSpec;
extern const SectionSpec kDockerSwarmSpec;
extern const SectionSpec kKubernetesSpec;
extern const SectionSpec kMarathonSpec;
extern const SectionSpec kNomadSpec;

// registry_specs.cc: what knows of services and machines.
extern const SectionSpec kConsulSpec;
extern const SectionSpec kDnsSpec;
extern const SectionSpec kEurekaSpec;
extern const SectionSpec kHttpSpec;
extern const SectionSpec kKumaSpec;
extern const SectionSpec kNerveSpec;
extern const SectionSpec kPuppetDbSpec;
extern const SectionSpec kServersetSpec;
extern const SectionSpec kTritonSpec;
extern const SectionSpec kUyuniSpec;

// cloud_specs.cc: what rents machines.
extern const SectionSpec kAwsSpec;
extern const SectionSpec kAzureSpec;
extern const SectionSpec kDigitalOceanSpec;
extern const SectionSpec kEc2Spec;
extern const SectionSpec kGceSpec;
extern const SectionSpec kHetznerSpec;
extern const SectionSpec kIonosSpec;
extern const SectionSpec kLightsailSpec;
extern const SectionSpec kLinodeSpec;
extern const SectionSpec kOciSpec;
extern const SectionSpec kOpenStackSpec;
extern const SectionSpec kOutscaleSpec;
extern const SectionSpec kOvhCloudSpec;
extern const SectionSpec kScalewaySpec;
extern const SectionSpec kStackitSpec;
extern const SectionSpec kVultrSpec;

}  // namespace sluice::agent
