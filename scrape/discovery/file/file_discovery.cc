#include "scrape/discovery/file/file_discovery.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <poll.h>
#include <set>
#include <stop_token>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/clock.h"
#include "scrape/discovery/file/file_match.h"
#include "scrape/discovery/file/folder_watch.h"
#include "scrape/discovery/group_book.h"

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

// What changes together is read together.
constexpr milliseconds kDebounce(50);
constexpr milliseconds kLeastInterval(10);
constexpr milliseconds kLongestInterval = std::chrono::hours(24 * 365);
constexpr milliseconds kLongestWait(60'000);

constexpr double kNoTime = std::numeric_limits<double>::quiet_NaN();

double Mtime(const std::string& path) {
  struct stat info {};

  if (stat(path.c_str(), &info) != 0) return kNoTime;
  return static_cast<double>(info.st_mtim.tv_sec) + static_cast<double>(info.st_mtim.tv_nsec) / 1e9;
}

}  // namespace

struct FileDiscovery::Impl {
  Impl(FileSdConfig with_config, DiscoverySink with_sink, DiscoveryDeps deps);

  void Run(const std::stop_token& stop);
  void Wait(milliseconds longest) const;
  void WatchFolders();
  void Scan();
  std::set<std::string> FilesNow() const;
  void ReadOne(const std::string& path);
  // What was found in the file before the start.
  std::vector<TargetGroup> LastGroupsOf(const std::string& path) const;
  void Tell();

  // The last good content of a file, and its last error.
  struct File {
    std::vector<TargetGroup> groups;
    std::string error;
    // The series is never removed, as another discovery may watch the same file: NaN says that the
    // file is gone.
    Gauge mtime;
  };

  // Set once.
  const SystemClock clock;
  const FileSdConfig config;
  const DiscoverySink sink;
  const Logger logger;
  Telemetry& telemetry;
  const Counter read_errors;
  const Counter watch_errors;
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

  // Of the thread alone.
  std::set<std::string> folders;
  FolderWatch watch;
  std::string watch_error;
  std::map<std::string, File> files;
  std::vector<TargetGroupPtr> last_groups;  // until the first scan
  GroupBook book;

  std::jthread thread;
};

FileDiscovery::Impl::Impl(FileSdConfig with_config, DiscoverySink with_sink, DiscoveryDeps deps)
    : config(std::move(with_config)),
      sink(std::move(with_sink)),
      logger(deps.logger.With({"discovery", "file"})),
      telemetry(deps.telemetry),
      read_errors(telemetry.AddCounter("prometheus_sd_file_read_errors_total",
                                       "The number of File-SD read errors.")),
      watch_errors(telemetry.AddCounter("prometheus_sd_file_watcher_errors_total",
                                        "The number of File-SD errors caused by filesystem watch "
                                        "failures.")),
      last_groups(std::move(deps.last_groups)) {
  SLUICE_CHECK(wake_fd >= 0);
  for (const std::string& pattern : config.files) folders.insert(FolderOf(pattern));
}

void FileDiscovery::Impl::Run(const std::stop_token& stop) {
  const milliseconds interval =
      std::clamp(config.refresh_interval, kLeastInterval, kLongestInterval);
  SteadyTime next_scan = clock.MonotonicNow();
  while (!stop.stop_requested()) {
    const SteadyTime now = clock.MonotonicNow();
    if (watch.Drain()) next_scan = std::min(next_scan, now + kDebounce);
    if (next_scan <= now) {
      // Watched first, so that no change falls between the two.
      WatchFolders();
      Scan();
      next_scan = clock.MonotonicNow() + interval;
      continue;
    }
    Wait(std::chrono::ceil<milliseconds>(next_scan - now));
  }
}

void FileDiscovery::Impl::Wait(milliseconds longest) const {
  // A file descriptor of -1 is one that poll() leaves out.
  std::array<pollfd, 2> ready = {pollfd{.fd = wake_fd, .events = POLLIN, .revents = 0},
                                 pollfd{.fd = watch.fd(), .events = POLLIN, .revents = 0}};
  poll(ready.data(), ready.size(), static_cast<int>(std::min(longest, kLongestWait).count()));
}

void FileDiscovery::Impl::WatchFolders() {
  const Status watching = watch.Watch(folders);
  std::string error = watching.ok() ? "" : watching.error().message;
  if (!watching.ok()) watch_errors.Increment();
  if (error != watch_error && !error.empty()) {
    logger.Warn("cannot watch for changes, only the refresh interval finds them",
                {{"error", error}});
  }
  watch_error = std::move(error);
}

std::set<std::string> FileDiscovery::Impl::FilesNow() const {
  std::set<std::string> now;
  for (const std::string& pattern : config.files) {
    if (AddMatches(pattern, now)) continue;
    // A folder that cannot be read just now does not take its targets away.
    const std::string folder = FolderOf(pattern);
    for (const auto& [path, file] : files) {
      if (FolderOf(path) == folder) now.insert(path);
    }
  }
  return now;
}

void FileDiscovery::Impl::Scan() {
  const std::set<std::string> now = FilesNow();
  for (const std::string& path : now) ReadOne(path);
  last_groups.clear();
  std::erase_if(files, [&now](const auto& entry) {
    if (now.contains(entry.first)) return false;
    entry.second.mtime.Set(kNoTime);
    return true;
  });
  Tell();
}

std::vector<TargetGroup> FileDiscovery::Impl::LastGroupsOf(const std::string& path) const {
  std::vector<TargetGroup> groups;
  for (const TargetGroupPtr& group : last_groups) {
    if (group->source.starts_with(path + ":")) groups.push_back(*group);
  }
  return groups;
}

void FileDiscovery::Impl::ReadOne(const std::string& path) {
  const bool is_new = !files.contains(path);
  File& file = files[path];
  file.mtime =
      telemetry.AddGauge("prometheus_sd_file_mtime_seconds",
                         "Timestamp (mtime) of files read by FileSD.", {{"filename", path}});
  Result<std::vector<TargetGroup>> groups = ReadTargetFile(path);
  std::string error = groups.ok() ? "" : groups.error().message;
  if (groups.ok()) {
    file.groups = std::move(*groups);
    file.mtime.Set(Mtime(path));
  } else {
    read_errors.Increment();
    if (is_new) file.groups = LastGroupsOf(path);
  }
  if (error != file.error && !error.empty()) {
    logger.Error("cannot read targets, keeping the last ones", {{"file", path}, {"error", error}});
  }
  file.error = std::move(error);
}

void FileDiscovery::Impl::Tell() {
  TargetGroups all;
  for (const auto& [path, file] : files) {
    all.insert(all.end(), file.groups.begin(), file.groups.end());
  }
  if (auto update = book.Replace(std::move(all))) sink(std::move(*update));
}

FileDiscovery::FileDiscovery(FileSdConfig config, DiscoverySink sink, DiscoveryDeps deps)
    : impl_(std::make_unique<Impl>(std::move(config), std::move(sink), std::move(deps))) {
  impl_->thread =
      std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->Run(stop); });
}

FileDiscovery::~FileDiscovery() {
  impl_->thread.request_stop();
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake.
  [[maybe_unused]] const ssize_t written = write(impl_->wake_fd, &one, sizeof one);
  impl_->thread.join();
  for (const auto& [path, file] : impl_->files) file.mtime.Set(kNoTime);
  close(impl_->wake_fd);
}

}  // namespace sluice::scrape
