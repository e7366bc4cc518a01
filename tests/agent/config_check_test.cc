#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "agent/config/check.h"
#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

Outcome Check(const std::string& path) {
  const ConfigChecks checks{.environment = [](std::string_view) { return std::nullopt; },
                            .match_files =
                                [](const std::vector<std::string>& patterns) {
                                  std::vector<std::string> files;
                                  for (const std::string& file : patterns) {
                                    if (std::filesystem::exists(file)) files.push_back(file);
                                  }
                                  return files;
                                },
                            .check_target_file = [](const std::string& file) -> Status {
                              if (std::filesystem::file_size(file) > 0) return Status::Ok();
                              return InvalidInput(file + ": empty");
                            }};
  std::ostringstream out;
  std::ostringstream err;
  const int status = CheckConfig(path, checks, out, err);
  return Outcome{status, out.str(), err.str()};
}

TEST_CASE("a good configuration is reported with its warnings", "[agent]") {
  const test::TempDir dir;
  const std::string path = dir.File("p.yml");
  std::ofstream(path) << "rule_files: []\nscrape_configs:\n- job_name: j\n  file_sd_configs:\n"
                      << "  - files: [a.yml, gone.yml, x*.yml]\n";
  std::ofstream(dir.File("a.yml")) << "[]";
  const Outcome outcome = Check(path);
  CHECK(outcome.status == 0);
  CHECK(outcome.err.empty());
  CHECK(outcome.out == "Checking " + path + "\n  WARNING: " + path +
                           ":1: rule_files: has no effect in an agent and is ignored\n"
                           "  WARNING: file \"" +
                           dir.File("gone.yml") +
                           "\" for file_sd in scrape job \"j\" does not exist\n SUCCESS: " + path +
                           " is valid prometheus config file syntax\n");
}

TEST_CASE("a bad configuration fails the check", "[agent]") {
  const test::TempDir dir;
  const std::string path = dir.File("p.yml");
  CHECK(Check(path).status == 1);
  std::ofstream(path) << "glob: {}";
  const Outcome outcome = Check(path);
  CHECK(outcome.status == 1);
  CHECK(outcome.out == "Checking " + path + "\n");
  CHECK(outcome.err == "  FAILED: " + path + ":1: field glob not found in type config.plain\n");
}

TEST_CASE("a bad target file fails the check", "[agent]") {
  const test::TempDir dir;
  const std::string path = dir.File("p.yml");
  std::ofstream(path) << "scrape_configs: [{job_name: j, file_sd_configs: [{files: [a.yml]}]}]";
  std::ofstream(dir.File("a.yml")) << "";
  const Outcome outcome = Check(path);
  CHECK(outcome.status == 1);
  CHECK(outcome.err == "  FAILED: " + dir.File("a.yml") + ": empty\n");
}

}  // namespace
}  // namespace sluice::agent
