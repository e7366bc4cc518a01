// An entry of dns_sd_configs.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::scrape {

enum class DnsType { kSrv, kA, kAaaa, kMx, kNs };

struct DnsSdConfig {
  static constexpr std::string_view kMechanism = "dns";

  std::vector<std::string> names;
  DnsType type = DnsType::kSrv;
  uint16_t port = 0;  // of all but SRV records, which have their own
  std::chrono::milliseconds refresh_interval{30'000};
};

}  // namespace sluice::scrape
