#include "agent/api/status_api.h"

#include <array>
#include <filesystem>
#include <thread>
#include <unistd.h>

#include "agent/api/answer.h"
#include "agent/api/json_tree.h"

namespace sluice::agent {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string WorkingDirectory() {
  std::error_code error;
  return std::filesystem::current_path(error).string();
}

int64_t CountThreads() {
  std::error_code error;
  std::filesystem::directory_iterator threads("/proc/self/task", error);
  return error ? 0 : std::distance(threads, std::filesystem::directory_iterator());
}

}  // namespace

std::string ConfigJson(const std::string& yaml) { return Dump(Json{{"yaml", yaml}}); }

std::string FlagsJson(const std::map<std::string, std::string>& flags) { return Dump(Json(flags)); }

std::string BuildInfoJson() {
  return Dump(Json{{"version", SLUICE_VERSION},
                   {"revision", ""},
                   {"branch", ""},
                   {"buildUser", ""},
                   {"buildDate", ""},
                   {"goVersion", ""}});
}

std::string RuntimeInfoJson(const RuntimeInfo& info) {
  return Dump(Json{{"startTime", FormatTime(info.start_ms)},
                   {"CWD", WorkingDirectory()},
                   {"hostname", HostName()},
                   {"serverTime", FormatTime(info.now_ms)},
                   {"reloadConfigSuccess", info.reload_succeeded},
                   {"lastConfigTime", FormatTime(info.last_config_ms)},
                   {"corruptionCount", info.corruption_count},
                   {"goroutineCount", CountThreads()},
                   {"GOMAXPROCS", std::thread::hardware_concurrency()},
                   {"GOMEMLIMIT", 0},
                   {"GOGC", ""},
                   {"GODEBUG", ""},
                   {"storageRetention", info.retention}});
}

std::string WalReplayJson() { return Dump(Json{{"min", 0}, {"max", 0}, {"current", 0}}); }

}  // namespace sluice::agent
