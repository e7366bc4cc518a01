// How a log line is written, and where to.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"

namespace sluice::internal {

// Without the line end. logfmt: `time=2026-01-02T03:04:05.678Z level=INFO msg="two words"
// key=value`; values are quoted where they must be. JSON: an object of strings in the same order.
// What is no UTF-8 becomes U+FFFD, control characters are escaped: a line is always one line.
std::string FormatLogLine(LogFormat format, TimestampMs time, LogLevel level,
                          std::string_view message, const std::vector<LogField>& fields);

// To a file descriptor, which stays the caller's and must stay open. One write(2) per line.
std::shared_ptr<LogSink> MakeFdSink(int fd, LogLevel least, LogFormat format);

}  // namespace sluice::internal
