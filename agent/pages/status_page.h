// The process: what it is, what it uses of what it may use; its configuration and its flags.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/pages/html.h"
#include "base/clock.h"

namespace sluice::agent {

// Something that is bounded, in bytes.
struct Budget {
  std::string name{};
  double used = 0;
  double limit = 0;    // 0: there is none
  std::string text{};  // what happens at the limit
};

struct StatusView {
  TimestampMs now_ms = 0;
  TimestampMs start_ms = 0;
  TimestampMs config_ms = 0;  // when the running configuration was loaded
  bool reload_succeeded = true;
  std::string config_file{};
  std::string data_directory{};
  std::string url{};  // --web.external-url
  std::vector<Budget> memory{};
  std::vector<Budget> disk{};
  double cpu_seconds = 0;
  uint64_t open_files = 0;
  uint64_t open_files_max = 0;
  uint64_t damaged_records = 0;
};

Html StatusPage(const StatusView& view);

// `yaml` must have no secrets in it.
Html ConfigPage(const std::string& yaml);

Html FlagsPage(const std::map<std::string, std::string>& flags);

}  // namespace sluice::agent
