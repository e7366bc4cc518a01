#include "scrape/discovery/file/folder_watch.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

#include "scrape/discovery/file/file_match.h"

namespace sluice::scrape {
namespace {

// Not IN_MODIFY: that comes amid writing, when half of a file may well parse as a shorter one.
constexpr uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                             IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR;
// A folder that comes and goes while it is looked for is found by a later event.
constexpr int kAttempts = 4;

std::string ErrnoText(int code) { return std::generic_category().message(code); }

}  // namespace

FolderWatch::FolderWatch() : fd_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

FolderWatch::~FolderWatch() {
  if (fd_ >= 0) close(fd_);
}

int FolderWatch::AddNearest(const std::string& folder) const {
  int watch = -1;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::string nearest = folder;
    std::string below;
    watch = inotify_add_watch(fd_, nearest.c_str(), kEvents);
    while (watch < 0 && (errno == ENOENT || errno == ENOTDIR) && FolderOf(nearest) != nearest) {
      below = nearest;
      nearest = FolderOf(nearest);
      watch = inotify_add_watch(fd_, nearest.c_str(), kEvents);
    }
    // What was missing may have been made before the watch above it was set.
    if (watch < 0 || below.empty() || access(below.c_str(), F_OK) != 0) return watch;
  }
  return watch;
}

Status FolderWatch::Watch(const std::set<std::string>& folders) {
  if (fd_ < 0) return Error{ErrorCode::kResourceExhausted, "no inotify instance"};
  Status status;
  std::set<int> wanted;
  for (const std::string& folder : folders) {
    const int watch = AddNearest(folder);
    if (watch >= 0) {
      wanted.insert(watch);
    } else if (status.ok()) {
      status = Error{ErrorCode::kResourceExhausted, "watch " + folder + ": " + ErrnoText(errno)};
    }
  }
  for (const int watch : watches_) {
    if (!wanted.contains(watch)) inotify_rm_watch(fd_, watch);
  }
  watches_ = std::move(wanted);
  return status;
}

bool FolderWatch::Drain() {
  if (fd_ < 0) return false;
  bool any = false;
  alignas(inotify_event) std::array<char, 16384> buffer{};
  while (true) {
    const ssize_t got = read(fd_, buffer.data(), buffer.size());
    if (got <= 0) return any;
    for (size_t at = 0; at < static_cast<size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      // Only says that a watch is gone, which was asked for, or told by another event before.
      any = any || (event.mask & IN_IGNORED) == 0;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace sluice::scrape
