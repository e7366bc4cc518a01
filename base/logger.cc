#include "base/logger.h"

#include <cerrno>
#include <mutex>
#include <poll.h>
#include <unistd.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include "base/internal/log_line.h"

namespace sluice {
namespace {

constexpr int kFullPipeWaitMs = 100;

// Writes the bytes in one call where the kernel takes them so. A reader that does not read loses
// lines; it never stops the process.
void WriteWhole(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return;
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (poll(&ready, 1, kFullPipeWaitMs) <= 0) return;
  }
}

// The payload of a message is the whole line already.
class FdSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FdSink(int fd) : fd_(fd) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    line_.assign(msg.payload.data(), msg.payload.size());
    line_ += '\n';
    WriteWhole(fd_, line_);
  }

  void flush_() override {}

 private:
  const int fd_;
  std::string line_;
};

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class SpdlogSink final : public LogSink {
 public:
  SpdlogSink(int fd, LogLevel least, LogFormat format)
      : format_(format), logger_("sluice", std::make_shared<FdSink>(fd)) {
    logger_.set_level(SpdlogLevel(least));
  }

  bool Enabled(LogLevel level) const override { return logger_.should_log(SpdlogLevel(level)); }

  void Write(LogLevel level, std::string_view message,
             const std::vector<LogField>& fields) override {
    const std::string line =
        internal::FormatLogLine(format_, SystemClock().WallNowMs(), level, message, fields);
    logger_.log(SpdlogLevel(level), spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  const LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::shared_ptr<LogSink> internal::MakeFdSink(int fd, LogLevel least, LogFormat format) {
  return std::make_shared<SpdlogSink>(fd, least, format);
}

std::shared_ptr<LogSink> MakeStderrSink(LogLevel least, LogFormat format) {
  return internal::MakeFdSink(STDERR_FILENO, least, format);
}

Result<LogLevel> ParseLogLevel(std::string_view name) {
  if (name == "debug") return LogLevel::kDebug;
  if (name == "info") return LogLevel::kInfo;
  if (name == "warn") return LogLevel::kWarn;
  if (name == "error") return LogLevel::kError;
  return InvalidInput("unknown log level \"" + std::string(name) +
                      "\", supported: debug, info, warn, error");
}

Result<LogFormat> ParseLogFormat(std::string_view name) {
  if (name == "logfmt") return LogFormat::kLogfmt;
  if (name == "json") return LogFormat::kJson;
  return InvalidInput("unknown log format \"" + std::string(name) + "\", supported: logfmt, json");
}

Logger Logger::With(LogField field) const {
  Logger longer = *this;
  longer.fields_.push_back(std::move(field));
  return longer;
}

void Logger::Debug(std::string_view message, Fields fields) const {
  Write(LogLevel::kDebug, message, fields);
}

void Logger::Info(std::string_view message, Fields fields) const {
  Write(LogLevel::kInfo, message, fields);
}

void Logger::Warn(std::string_view message, Fields fields) const {
  Write(LogLevel::kWarn, message, fields);
}

void Logger::Error(std::string_view message, Fields fields) const {
  Write(LogLevel::kError, message, fields);
}

void Logger::Write(LogLevel level, std::string_view message, Fields fields) const {
  if (sink_ == nullptr || !sink_->Enabled(level)) return;
  std::vector<LogField> all = fields_;
  all.insert(all.end(), fields.begin(), fields.end());
  sink_->Write(level, message, all);
}

}  // namespace sluice
