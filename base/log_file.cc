#include "base/log_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/internal/log_line.h"

namespace sluice {
namespace {

constexpr mode_t kMode = 0640;

Error SystemError(const std::string& path) {
  return Error{ErrorCode::kInternal, path + ": " + std::strerror(errno)};
}

}  // namespace

LogFile::LogFile(std::string path, uint64_t bytes_max)
    : path_(std::move(path)), bytes_max_(bytes_max) {}

LogFile::~LogFile() { Close(); }

void LogFile::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

Status LogFile::Open() {
  Close();
  // A pipe without a reader must not hold anybody up.
  fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, kMode);
  if (fd_ < 0) return SystemError(path_);

  struct stat status {};

  size_ = fstat(fd_, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
  return Status::Ok();
}

Status LogFile::Rotate() {
  if (rename(path_.c_str(), (path_ + ".1").c_str()) != 0) {
    Error error = SystemError(path_);
    Close();
    return error;
  }
  return Open();
}

Status LogFile::Write(TimestampMs time, LogLevel level, std::string_view message,
                      const std::vector<LogField>& fields) {
  if (fd_ < 0) return Error{ErrorCode::kInternal, path_ + ": not open"};
  const std::string line =
      internal::FormatLogLine(LogFormat::kJson, time, level, message, fields) + "\n";
  if (size_ + line.size() > bytes_max_ && size_ > 0) {
    if (Status status = Rotate(); !status.ok()) return status;
  }
  const ssize_t written = write(fd_, line.data(), line.size());
  if (written < 0) return SystemError(path_);
  size_ += static_cast<uint64_t>(written);
  if (static_cast<size_t>(written) == line.size()) return Status::Ok();
  return Error{ErrorCode::kInternal, path_ + ": a line was cut"};
}

}  // namespace sluice
