// The section `remote_write`.
#pragma once

#include <vector>

#include "agent/config/decoder.h"
#include "relabel/labels.h"
#include "remotewrite/destination_config.h"

namespace sluice::agent {

std::vector<remotewrite::DestinationConfig> DecodeRemoteWrite(
    const Value& list, const relabel::Labels& external_labels);

}  // namespace sluice::agent
