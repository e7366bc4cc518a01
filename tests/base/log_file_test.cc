#include "base/log_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

constexpr TimestampMs kTime = 1'767'323'045'678;

std::string Content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_CASE("a line is JSON with time, level, message and fields", "[log_file]") {
  const test::TempDir dir;
  LogFile file(dir.File("f.log"));
  REQUIRE(file.Open().ok());
  REQUIRE(file.Write(kTime, LogLevel::kError, "went \"wrong\"", {{"a", "b"}}).ok());
  CHECK(Content(file.path()) ==
        "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"ERROR\",\"msg\":\"went \\\"wrong\\\"\","
        "\"a\":\"b\"}\n");
}

TEST_CASE("lines are appended to what is there", "[log_file]") {
  const test::TempDir dir;
  std::ofstream(dir.File("f.log")) << "before\n";
  LogFile file(dir.File("f.log"));
  REQUIRE(file.Open().ok());
  REQUIRE(file.Write(kTime, LogLevel::kInfo, "x", {}).ok());
  CHECK_THAT(Content(file.path()), Catch::StartsWith("before\n{"));
}

TEST_CASE("a file that was moved away is left alone once it is opened anew", "[log_file]") {
  const test::TempDir dir;
  LogFile file(dir.File("f.log"));
  REQUIRE(file.Open().ok());
  std::filesystem::rename(file.path(), dir.File("moved.log"));
  REQUIRE(file.Open().ok());
  REQUIRE(file.Write(kTime, LogLevel::kInfo, "x", {}).ok());
  CHECK(Content(dir.File("moved.log")).empty());
  CHECK_FALSE(Content(file.path()).empty());
}

TEST_CASE("a file at its bound becomes the one before", "[log_file]") {
  constexpr uint64_t kBound = 400;
  const test::TempDir dir;
  LogFile file(dir.File("f.log"), kBound);
  REQUIRE(file.Open().ok());
  for (int i = 0; i < 50; ++i) {
    REQUIRE(file.Write(kTime, LogLevel::kInfo, "line " + std::to_string(i), {}).ok());
    CHECK(std::filesystem::file_size(file.path()) <= kBound);
  }
  CHECK(std::filesystem::file_size(file.path() + ".1") <= kBound);
  CHECK_THAT(Content(file.path()), Catch::Contains("line 49"));
  CHECK_FALSE(std::filesystem::exists(file.path() + ".2"));
}

TEST_CASE("a file that cannot be opened or moved loses lines, and says so", "[log_file]") {
  const test::TempDir dir;
  LogFile missing(dir.File("no/f.log"));
  CHECK_FALSE(missing.Open().ok());
  CHECK_FALSE(missing.Write(kTime, LogLevel::kInfo, "x", {}).ok());
  LogFile file(dir.File("f.log"), 10);
  REQUIRE(file.Open().ok());
  REQUIRE(file.Write(kTime, LogLevel::kInfo, "x", {}).ok());
  std::filesystem::create_directories(dir.File("f.log.1/full"));
  CHECK_FALSE(file.Write(kTime, LogLevel::kInfo, "x", {}).ok());
  CHECK_FALSE(file.Write(kTime, LogLevel::kInfo, "x", {}).ok());
  CHECK(file.Open().ok());
}

TEST_CASE("a pipe that nobody reads holds nobody up", "[log_file]") {
  const test::TempDir dir;
  REQUIRE(mkfifo(dir.File("f.log").c_str(), 0600) == 0);
  LogFile file(dir.File("f.log"));
  CHECK_FALSE(file.Open().ok());
}

}  // namespace
}  // namespace sluice
