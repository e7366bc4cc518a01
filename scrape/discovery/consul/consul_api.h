// The part of Consul's HTTP API that discovery uses: requests, and what their answers mean. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/http_loop.h"
#include "base/result.h"
#include "scrape/discovery/consul/consul_sd_config.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// How long a server may keep a question until something has changed.
inline constexpr std::chrono::milliseconds kConsulWait{120'000};

// The agent itself, which knows its datacenter.
HttpRequest ConsulAgentRequest(const ConsulSdConfig& config);
Result<std::string> ParseConsulDatacenter(std::string_view body);

// Blocking: answered when the index is another than `index`, or after kConsulWait; at once for 0.
HttpRequest ConsulCatalogRequest(const ConsulSdConfig& config, uint64_t index);
HttpRequest ConsulServiceRequest(const ConsulSdConfig& config, const std::string& service,
                                 uint64_t index);

// The services of a catalog that the configuration wants, sorted.
Result<std::vector<std::string>> ParseConsulCatalog(const ConsulSdConfig& config,
                                                    std::string_view body);

struct ConsulService {
  TargetGroup group;                     // its source is the name of the service
  std::vector<std::string> bad_entries;  // why, for each instance that was left out
};

Result<ConsulService> ParseConsulService(const ConsulSdConfig& config,
                                         const std::string& datacenter, const std::string& service,
                                         std::string_view body);

// The index of an answer, from its header X-Consul-Index; 0 when there is none.
uint64_t ConsulIndexOf(const HttpResponseHead& head);

// The index to ask with next: an index that went back starts from 0, as the server has lost its
// state.
uint64_t NextConsulIndex(uint64_t asked_with, uint64_t answered);

}  // namespace sluice::scrape
