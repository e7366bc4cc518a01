#include "base/process_metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

#include <dirent.h>

namespace sluice {
namespace {

std::string ReadProcFile(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string_view TakeWord(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

// Seconds since the epoch at which the machine started, or 0.
double BootTime() {
  constexpr std::string_view kField = "\nbtime ";
  const std::string text = ReadProcFile("/proc/stat");
  const size_t at = text.find(kField);
  if (at == std::string::npos) return 0;
  uint64_t seconds = 0;
  const char* from = text.data() + at + kField.size();
  std::from_chars(from, text.data() + text.size(), seconds);
  return static_cast<double>(seconds);
}

size_t CountOpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  size_t entries = 0;
  // The stream is ours alone, which is all that readdir() asks for.
  while (readdir(folder) != nullptr) ++entries;  // NOLINT(concurrency-mt-unsafe)
  closedir(folder);
  // Not ".", ".." and the folder itself.
  return entries - std::min<size_t>(entries, 3);
}

class ProcessMetrics {
 public:
  explicit ProcessMetrics(Telemetry& telemetry)
      : cpu_(telemetry.AddCounter("process_cpu_seconds_total",
                                  "Total user and system CPU time spent in seconds.")),
        resident_(
            telemetry.AddGauge("process_resident_memory_bytes", "Resident memory size in bytes.")),
        virtual_(
            telemetry.AddGauge("process_virtual_memory_bytes", "Virtual memory size in bytes.")),
        open_files_(telemetry.AddGauge("process_open_fds", "Number of open file descriptors.")),
        max_files_(
            telemetry.AddGauge("process_max_fds", "Maximum number of open file descriptors.")),
        start_time_(telemetry.AddGauge("process_start_time_seconds",
                                       "Start time of the process since unix epoch in seconds.")) {}

  void Update() const {
    open_files_.Set(static_cast<double>(CountOpenFiles()));
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) max_files_.Set(static_cast<double>(files.rlim_cur));
    const auto stat = ParseProcessStat(ReadProcFile("/proc/self/stat"));
    if (!stat.ok()) return;
    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    const double cpu =
        static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks_per_second;
    cpu_.Increment(std::max(0.0, cpu - cpu_.value()));
    resident_.Set(static_cast<double>(stat->resident_pages) *
                  static_cast<double>(sysconf(_SC_PAGESIZE)));
    virtual_.Set(static_cast<double>(stat->virtual_bytes));
    start_time_.Set(boot_time_ + static_cast<double>(stat->start_ticks) / ticks_per_second);
  }

 private:
  // Once: what the kernel says moves when the wall clock is set, and the process did not restart.
  const double boot_time_ = BootTime();
  const Counter cpu_;
  const Gauge resident_;
  const Gauge virtual_;
  const Gauge open_files_;
  const Gauge max_files_;
  const Gauge start_time_;
};

}  // namespace

Result<ProcessStat> ParseProcessStat(std::string_view text) {
  // The second field is the name of the program in brackets, which may hold anything.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return InvalidInput("stat: no program name");
  std::string_view rest = text.substr(name_end + 1);
  constexpr size_t kFirstField = 3;
  std::array<uint64_t, 25> fields{};
  for (size_t field = kFirstField; field < fields.size(); ++field) {
    const std::string_view word = TakeWord(rest);
    if (word.empty()) return InvalidInput("stat: too few fields");
    // Some are letters or negative; of no interest here.
    std::from_chars(word.data(), word.data() + word.size(), fields[field]);
  }
  return ProcessStat{.user_ticks = fields[14],
                     .system_ticks = fields[15],
                     .start_ticks = fields[22],
                     .virtual_bytes = fields[23],
                     .resident_pages = fields[24]};
}

std::shared_ptr<void> AddProcessMetrics(Telemetry& telemetry) {
  auto metrics = std::make_shared<const ProcessMetrics>(telemetry);
  return telemetry.OnCollect([metrics] { metrics->Update(); });
}

}  // namespace sluice
