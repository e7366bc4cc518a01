// The part of the Docker Engine API that docker_sd and dockerswarm_sd share. Pure.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "base/http_loop.h"
#include "base/json.h"
#include "base/result.h"
#include "scrape/discovery/meta_labels.h"

namespace sluice::scrape {

// Where a daemon listens.
struct MobyHost {
  std::string url;          // "http://host:port/base", without a slash at the end
  std::string unix_socket;  // a path, or empty

  friend bool operator==(const MobyHost&, const MobyHost&) = default;
};

// "unix:///run/docker.sock", "tcp://host:2375", "http://..." or "https://...".
Result<MobyHost> ParseMobyHost(const std::string& host);

using MobyFilters = std::vector<std::pair<std::string, std::vector<std::string>>>;

// GET /`list`. The API of the newest version that the daemon has.
HttpRequest MobyRequest(const MobyHost& host, std::string_view list, const MobyFilters& filters,
                        const std::shared_ptr<const HttpClient>& client,
                        std::chrono::milliseconds timeout);

// `network_*` labels by the id of the network, out of the answer to `networks`.
using MobyNetworks = std::map<std::string, MetaLabels, std::less<>>;

MobyNetworks ReadMobyNetworks(const JsonView& list, const std::string& prefix);

}  // namespace sluice::scrape
