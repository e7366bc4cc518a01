#include "buffer/disk_space.h"

#include <fcntl.h>
#include <limits>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>

namespace sluice::buffer {
namespace {

// The ballast is made only where it takes a small part of what is free.
constexpr uint64_t kPlenty = 4;

}  // namespace

DiskSpace::DiskSpace(std::string directory, uint64_t reserve_bytes)
    : directory_(std::move(directory)),
      ballast_path_(directory_ + "/ballast"),
      reserve_bytes_(reserve_bytes) {}

uint64_t DiskSpace::FreeBytes() const {
  struct statvfs info {};

  if (::statvfs(directory_.c_str(), &info) != 0) return std::numeric_limits<uint64_t>::max();
  return uint64_t{info.f_bavail} * info.f_frsize;
}

Room DiskSpace::room() const {
  const uint64_t free_bytes = FreeBytes();
  if (free_bytes < reserve_bytes_) return Room::kNone;
  return free_bytes / 2 < reserve_bytes_ ? Room::kTight : Room::kPlenty;
}

void DiskSpace::BeforeOpen() const {
  if (room() == Room::kNone) ::unlink(ballast_path_.c_str());
}

void DiskSpace::Tend() const {
  const uint64_t free_bytes = FreeBytes();
  if (free_bytes < reserve_bytes_ / 4) {
    ::unlink(ballast_path_.c_str());
  } else if (free_bytes / kPlenty > reserve_bytes_ && ::access(ballast_path_.c_str(), F_OK) != 0) {
    MakeBallast();
  }
}

// Without it the log works just as well until the disk is full: failures are no news.
void DiskSpace::MakeBallast() const {
  const int fd = ::open(ballast_path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return;
  const bool made = ::posix_fallocate(fd, 0, static_cast<off_t>(reserve_bytes_)) == 0;
  ::close(fd);
  if (!made) ::unlink(ballast_path_.c_str());
}

}  // namespace sluice::buffer
