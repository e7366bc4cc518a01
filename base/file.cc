#include "base/file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sluice {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

Error Failure(const std::string& path, int error) {
  const ErrorCode code = error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInternal;
  return Error{code, path + ": " + std::generic_category().message(error)};
}

Result<std::string> ReadAll(int file, const std::string& path, size_t bytes_max) {
  struct stat status {};

  if (fstat(file, &status) != 0) return Failure(path, errno);
  if (S_ISDIR(status.st_mode)) return Failure(path, EISDIR);
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::kInternal, path + ": not a regular file"};
  std::string content;
  while (content.size() <= bytes_max) {
    const size_t before = content.size();
    content.resize(before + kReadBytes);
    const ssize_t got = read(file, content.data() + before, kReadBytes);
    if (got < 0 && errno != EINTR) return Failure(path, errno);
    content.resize(before + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got == 0) return content;
  }
  return Error{ErrorCode::kResourceExhausted,
               path + ": larger than " + std::to_string(bytes_max) + " bytes"};
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t bytes_max) {
  // Not blocking: opening a pipe that nobody writes to must not hang.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return Failure(path, errno);
  Result<std::string> content = ReadAll(file, path, bytes_max);
  close(file);
  return content;
}

}  // namespace sluice
