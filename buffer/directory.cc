#include "buffer/directory.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sluice::buffer {
namespace {

constexpr std::string_view kMagic = "sluice-buffer ";
constexpr uint64_t kVersion = 4;
constexpr const char* kFileName = "VERSION";

std::string PathOf(const std::string& directory, const char* name) {
  return (std::filesystem::path(directory) / name).string();
}

Error SystemError(const std::string& what, int error) {
  const ErrorCode code = error == ENOSPC ? ErrorCode::kResourceExhausted : ErrorCode::kInvalidInput;
  return Error{code, what + ": " + std::generic_category().message(error)};
}

// Written aside, synced and renamed, so that it is there whole or not at all.
Status WriteVersion(const std::string& directory) {
  const std::string path = PathOf(directory, kFileName);
  const std::string aside = path + ".new";
  const std::string text = std::string(kMagic) + std::to_string(kVersion) + "\n";
  const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError("create " + aside, errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) return SystemError("write " + aside, error);
  if (std::rename(aside.c_str(), path.c_str()) != 0) return SystemError("rename " + aside, errno);
  return {};
}

// kNotFound when there is no VERSION file.
Result<uint64_t> ReadVersion(const std::string& directory) {
  const std::string path = PathOf(directory, kFileName);
  std::ifstream file(path);
  if (!file) {
    if (::access(path.c_str(), F_OK) == 0) return SystemError("read " + path, errno);
    return Error{ErrorCode::kNotFound, "no " + path};
  }
  std::string line;
  std::getline(file, line);
  if (file.bad()) {
    return Error{ErrorCode::kRetryable, path +
                                            " cannot be read: see to the disk and start again; "
                                            "nothing of what is stored was given up"};
  }
  const std::string_view text = line;
  uint64_t version = 0;
  bool good = text.substr(0, kMagic.size()) == kMagic;
  if (good) {
    const std::string_view digits = text.substr(kMagic.size());
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    good = parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size() && version > 0;
  }
  if (!good) return Corruption(path + " does not say that this is a buffer of Sluice");
  if (version > kVersion) {
    return InvalidInput("buffer directory " + directory + ": written by a newer version (format " +
                        std::to_string(version) + ", this program knows up to " +
                        std::to_string(kVersion) + "); upgrade, or use another directory");
  }
  return version;
}

}  // namespace

Status CheckDirectory(const std::string& directory) {
  struct stat info {};

  if (::stat(directory.c_str(), &info) != 0) {
    return SystemError("buffer directory " + directory, errno);
  }
  if (!S_ISDIR(info.st_mode))
    return InvalidInput("buffer directory " + directory + ": not a directory");
  const Result<uint64_t> version = ReadVersion(directory);
  return version.ok() ? Status() : version.error();
}

Status TakeOverDirectory(const std::string& directory) {
  const Result<uint64_t> version = ReadVersion(directory);
  if (!version.ok()) return version.error();
  return *version == kVersion ? Status() : WriteVersion(directory);
}

Status PrepareDirectory(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
    return SystemError("create buffer directory " + directory, errno);
  }
  Status checked = CheckDirectory(directory);
  if (checked.ok() || checked.error().code != ErrorCode::kNotFound) return checked;
  if (::access(PathOf(directory, "CURRENT").c_str(), F_OK) == 0) {
    return InvalidInput("buffer directory " + directory +
                        ": holds a database that is not a buffer of Sluice; use another directory");
  }
  return WriteVersion(directory);
}

}  // namespace sluice::buffer
