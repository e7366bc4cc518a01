#include "base/internal/log_line.h"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/json_text.h"

namespace sluice::internal {
namespace {

std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarn:
      return "WARN";
    case LogLevel::kError:
      return "ERROR";
  }
  return "UNKNOWN";
}

std::string FormatTime(TimestampMs time) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(time)};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  const auto date = fmt::gmtime(std::chrono::system_clock::to_time_t(seconds));
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", date, (at - seconds).count());
}

// Whether logfmt readers take the value as it is.
bool IsBare(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
  });
}

void AppendLogfmtValue(std::string& out, std::string_view value) {
  if (IsBare(value)) {
    out += value;
  } else {
    AppendJsonString(out, value);
  }
}

}  // namespace

std::string FormatLogLine(LogFormat format, TimestampMs time, LogLevel level,
                          std::string_view message, const std::vector<LogField>& fields) {
  std::string line;
  if (format == LogFormat::kLogfmt) {
    line = fmt::format("time={} level={} msg=", FormatTime(time), LevelName(level));
    AppendLogfmtValue(line, message);
    for (const LogField& field : fields) {
      line += ' ';
      line += field.key;
      line += '=';
      AppendLogfmtValue(line, field.value);
    }
    return line;
  }
  line = fmt::format(R"({{"time":"{}","level":"{}","msg":)", FormatTime(time), LevelName(level));
  AppendJsonString(line, message);
  for (const LogField& field : fields) {
    line += ',';
    AppendJsonString(line, field.key);
    line += ':';
    AppendJsonString(line, field.value);
  }
  line += '}';
  return line;
}

}  // namespace sluice::internal
