// Kubeconfig files: where clusters are, and who asks.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "scrape/discovery/kubernetes/api_access.h"

namespace sluice::scrape {

// The cluster and the user of the current context. `path` names the file in errors; what it refers
// to is relative to the folder of it. Errors: kInvalidInput, also for what would have to run a
// program (`exec`, `auth-provider`).
Result<ApiServer> ParseKubeconfig(std::string_view text, const std::string& path);

Result<ApiServer> ReadKubeconfig(const std::string& path);

}  // namespace sluice::scrape
