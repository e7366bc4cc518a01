// The remote_write section that the flags of vmagent stand for.
#pragma once

#include "agent/vmagent/vmagent_values.h"
#include "base/result.h"
#include "base/yaml.h"

namespace sluice::agent {

// A list of entries, one for each -remoteWrite.url, or one for all with -remoteWrite.shardByURL.
// Reads the files with relabeling rules. Errors name the flag.
Result<YamlNode> VmagentRemoteWrite(const VmagentValues& values);

}  // namespace sluice::agent
