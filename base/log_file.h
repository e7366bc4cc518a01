// Log lines in a file of their own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/result.h"

namespace sluice {

// JSON lines, appended. A file that reaches its bound becomes PATH.1, in place of the one before,
// so that two bounds is all that it takes. Thread-compatible.
class LogFile {
 public:
  static constexpr uint64_t kBytesMax = 64 << 20;

  explicit LogFile(std::string path, uint64_t bytes_max = kBytesMax);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  const std::string& path() const { return path_; }

  // Opens what has the path now, so that a file that was moved away is left alone. To be called
  // before the first line.
  Status Open();

  // One line with the fields of FormatLogLine(). After an error it is lost, and so are those that
  // follow until the file can be opened again, when the bound was reached and it could not be
  // moved.
  Status Write(TimestampMs time, LogLevel level, std::string_view message,
               const std::vector<LogField>& fields);

 private:
  Status Rotate();
  void Close();

  const std::string path_;
  const uint64_t bytes_max_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace sluice
