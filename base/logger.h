// Structured log lines (logfmt or JSON).
//
// Levels by consequence: kError = data was lost or an operator must act; kWarn = unexpected and
// recovered from; kInfo = life cycle; kDebug = everything else. Never a line per sample or scrape
// above kDebug. Secrets are never logged.
#pragma once

#include <concepts>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

enum class LogFormat { kLogfmt, kJson };

Result<LogLevel> ParseLogLevel(std::string_view name);    // debug, info, warn, error
Result<LogFormat> ParseLogFormat(std::string_view name);  // logfmt, json

struct LogField {
  std::string_view key;  // a literal
  std::string value;

  LogField(std::string_view k, std::string v) : key(k), value(std::move(v)) {}

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}

  LogField(std::string_view k, const char* v) : key(k), value(v) {}

  template <std::integral T>
  LogField(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
};

// Where lines go. Thread-safe.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual bool Enabled(LogLevel level) const = 0;
  virtual void Write(LogLevel level, std::string_view message,
                     const std::vector<LogField>& fields) = 0;
};

// To standard error, each line written whole.
std::shared_ptr<LogSink> MakeStderrSink(LogLevel least, LogFormat format);

// A sink with fields of its own; cheap to copy. Thread-safe. A default-made Logger drops all lines.
class Logger {
 public:
  Logger() = default;

  explicit Logger(std::shared_ptr<LogSink> sink) : sink_(std::move(sink)) {}

  // The same sink, with one more field on every line.
  Logger With(LogField field) const;

  using Fields = std::initializer_list<LogField>;

  void Debug(std::string_view message, Fields fields = {}) const;
  void Info(std::string_view message, Fields fields = {}) const;
  void Warn(std::string_view message, Fields fields = {}) const;
  void Error(std::string_view message, Fields fields = {}) const;

 private:
  void Write(LogLevel level, std::string_view message, Fields fields) const;

  std::shared_ptr<LogSink> sink_;
  std::vector<LogField> fields_;
};

}  // namespace sluice
