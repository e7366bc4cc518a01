// Entries of docker_sd_configs and dockerswarm_sd_configs.
#pragma once

#include "agent/config/decoder.h"
#include "scrape/discovery/docker/docker_sd_config.h"
#include "scrape/discovery/dockerswarm/dockerswarm_sd_config.h"

namespace sluice::agent {

scrape::DockerSdConfig DecodeDockerSd(const Value& value);
scrape::DockerSwarmSdConfig DecodeDockerSwarmSd(const Value& value);

}  // namespace sluice::agent
