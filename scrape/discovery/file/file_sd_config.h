// An entry of file_sd_configs.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::scrape {

struct FileSdConfig {
  static constexpr std::string_view kMechanism = "file";

  // Joined to the folder of the configuration file; the last path element may hold `*`.
  std::vector<std::string> files;
  std::chrono::milliseconds refresh_interval{5 * 60'000};
};

}  // namespace sluice::scrape
