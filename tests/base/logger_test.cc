#include "base/logger.h"

#include <array>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

#include <catch2/catch.hpp>

#include "base/internal/log_line.h"

namespace sluice {
namespace {

using internal::FormatLogLine;

constexpr TimestampMs kTime = 1'767'323'045'678;  // 2026-01-02T03:04:05.678Z

// A pipe to log into.
class LogPipe {
 public:
  LogPipe() { REQUIRE(pipe2(fds_.data(), O_NONBLOCK | O_CLOEXEC) == 0); }

  ~LogPipe() {
    close(fds_[0]);
    close(fds_[1]);
  }

  LogPipe(const LogPipe&) = delete;
  LogPipe& operator=(const LogPipe&) = delete;

  int write_end() const { return fds_[1]; }

  // What is in the pipe now, as lines.
  std::vector<std::string> Lines() const {
    std::string text;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while ((got = read(fds_[0], buffer.data(), buffer.size())) > 0) {
      text.append(buffer.data(), static_cast<size_t>(got));
    }
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }

 private:
  std::array<int, 2> fds_{};
};

TEST_CASE("logfmt quotes the values that need it", "[logger]") {
  const std::vector<LogField> fields = {{"bare", "a/b:c,d"}, {"empty", ""},
                                        {"space", "a b"},    {"quote", "a\"b\\"},
                                        {"equals", "a=b"},   {"lines", "a\nb\tc\r\x01"},
                                        {"number", -5},      {"utf8", "gr\xc3\xbc\xc3\x9f"},
                                        {"bad", "\xff!"}};
  CHECK(FormatLogLine(LogFormat::kLogfmt, kTime, LogLevel::kInfo, "two words", fields) ==
        "time=2026-01-02T03:04:05.678Z level=INFO msg=\"two words\" bare=a/b:c,d empty=\"\" "
        "space=\"a b\" quote=\"a\\\"b\\\\\" equals=\"a=b\" lines=\"a\\nb\\tc\\r\\u0001\" number=-5 "
        "utf8=\"gr\xc3\xbc\xc3\x9f\" bad=\"\xef\xbf\xbd!\"");
  CHECK(FormatLogLine(LogFormat::kLogfmt, 0, LogLevel::kError, "word", {}) ==
        "time=1970-01-01T00:00:00.000Z level=ERROR msg=word");
}

TEST_CASE("a JSON line is an object of strings", "[logger]") {
  CHECK(FormatLogLine(LogFormat::kJson, kTime, LogLevel::kWarn, "say \"hi\"",
                      {{"a", "b\n\x02"}, {"n", 7}, {"bad", "\xc3"}}) ==
        R"({"time":"2026-01-02T03:04:05.678Z","level":"WARN","msg":"say \"hi\"",)"
        "\"a\":\"b\\n\\u0002\",\"n\":\"7\",\"bad\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("a logger writes the lines of its level with its own fields first", "[logger]") {
  const LogPipe pipe;
  const Logger root(internal::MakeFdSink(pipe.write_end(), LogLevel::kInfo, LogFormat::kLogfmt));
  const Logger logger = root.With({"component", "scrape"}).With({"job", "a b"});
  logger.Debug("unseen");
  logger.Info("seen", {{"n", 1}});
  root.Error("bare");
  Logger().Error("nowhere");
  const std::vector<std::string> lines = pipe.Lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with(" level=INFO msg=seen component=scrape job=\"a b\" n=1"));
  CHECK(lines[1].ends_with(" level=ERROR msg=bare"));
}

TEST_CASE("lines of many threads are whole", "[logger]") {
  const LogPipe pipe;
  const Logger logger(internal::MakeFdSink(pipe.write_end(), LogLevel::kInfo, LogFormat::kJson));
  const std::string text(100, 'x');
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) logger.Info(text);
      });
    }
  }
  const std::vector<std::string> lines = pipe.Lines();
  CHECK(lines.size() == 200);
  for (const std::string& line : lines) CHECK(line.ends_with("\"msg\":\"" + text + "\"}"));
}

TEST_CASE("a reader that does not read loses lines and blocks nobody for long", "[logger]") {
  const LogPipe pipe;
  const Logger logger(internal::MakeFdSink(pipe.write_end(), LogLevel::kInfo, LogFormat::kLogfmt));
  logger.Info(std::string(1 << 20, 'x'));  // more than a pipe holds
  CHECK(pipe.Lines().size() == 1);
  logger.Info("after");
  CHECK(pipe.Lines().back().ends_with("msg=after"));
}

TEST_CASE("log levels and formats are read by name", "[logger]") {
  CHECK(*ParseLogLevel("debug") == LogLevel::kDebug);
  CHECK(*ParseLogLevel("info") == LogLevel::kInfo);
  CHECK(*ParseLogLevel("warn") == LogLevel::kWarn);
  CHECK(*ParseLogLevel("error") == LogLevel::kError);
  CHECK(*ParseLogFormat("json") == LogFormat::kJson);
  CHECK(*ParseLogFormat("logfmt") == LogFormat::kLogfmt);
  CHECK(ParseLogLevel("INFO").error().code == ErrorCode::kInvalidInput);
  CHECK_FALSE(ParseLogFormat("").ok());
}

}  // namespace
}  // namespace sluice
