// The section `remote_write`.
#pragma once

#include <vector>

#include "agent/config/decoder.h"
#include "agent/config/global_section.h"
#include "remotewrite/destination_config.h"

namespace sluice::agent {

std::vector<remotewrite::DestinationConfig> DecodeRemoteWrite(const Value& list,
                                                              const GlobalSection& global);

}  // namespace sluice::agent
