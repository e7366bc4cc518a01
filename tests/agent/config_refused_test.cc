// The files in refused/: what Prometheus refuses is refused in its words, at the right line.
//
// Each has one line with `# refused: PHRASE`: the error must name that line and hold the phrase,
// and those of further lines with `# and: PHRASE`.
#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "agent/config/config.h"
#include "base/file.h"

namespace sluice::agent {
namespace {

struct Expected {
  int line = 0;
  std::vector<std::string> phrases;
};

void TakePhrase(const std::string& line, const std::string& mark, Expected& expected) {
  const size_t at = line.find(mark);
  if (at != std::string::npos) expected.phrases.push_back(line.substr(at + mark.size()));
}

Expected ReadExpected(const std::string& text) {
  Expected expected;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find("# refused: ") != std::string::npos) expected.line = number;
    TakePhrase(line, "# refused: ", expected);
    TakePhrase(line, "# and: ", expected);
  }
  return expected;
}

std::vector<std::filesystem::path> RefusedFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(SLUICE_REFUSED_FILES)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST_CASE("what Prometheus refuses is refused in its words, at the right line", "[agent]") {
  const auto no_variables = [](std::string_view) { return std::nullopt; };
  const std::vector<std::filesystem::path> files = RefusedFiles();
  CHECK(files.size() >= 180);
  for (const std::filesystem::path& file : files) {
    CAPTURE(file.filename().string());
    const Result<std::string> text = ReadFile(file.string(), 1 << 20);
    REQUIRE(text.ok());
    const Expected expected = ReadExpected(*text);
    REQUIRE(expected.line > 0);
    const Result<Config> config = ParseConfig(*text, "f.yml", no_variables);
    const std::string message = config.ok() ? "accepted" : config.error().message;
    CHECK_THAT(message, Catch::StartsWith("f.yml:" + std::to_string(expected.line) + ": "));
    for (const std::string& phrase : expected.phrases) {
      CHECK_THAT(message, Catch::Contains(phrase));
    }
  }
}

}  // namespace
}  // namespace sluice::agent
