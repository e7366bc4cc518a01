// scrape_config_files: jobs in files beside the main one.
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "agent/config/checksum.h"
#include "agent/config/config.h"
#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

class ConfigFolder {
 public:
  void Write(const std::string& name, const std::string& text) {
    const std::filesystem::path path(Path(name));
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }

  std::string Path(const std::string& name) const { return dir_.File(name); }

  Result<Config> Load() const {
    return LoadConfig(Path("main.yml"), [](std::string_view) { return std::nullopt; });
  }

  std::vector<std::string> JobNames() const {
    const Result<Config> config = Load();
    if (!config.ok()) return {config.error().message};
    std::vector<std::string> names;
    for (const scrape::JobConfig& job : config->jobs) names.push_back(job.name);
    return names;
  }

 private:
  test::TempDir dir_;
};

using Names = std::vector<std::string>;

TEST_CASE("jobs of other files follow those of the main file, by pattern and name", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml",
               "scrape_config_files: [one.yml, jobs/*.yml, none/*.yml, missing.yml]\n"
               "scrape_configs: [{job_name: main}]");
  folder.Write("one.yml", "scrape_configs: [{job_name: one}]");
  folder.Write("jobs/b.yml", "scrape_configs: [{job_name: b1}, {job_name: b2}]");
  folder.Write("jobs/a.yml", "scrape_configs: [{job_name: a}]");
  folder.Write("jobs/empty.yml", "");
  folder.Write("jobs/other.txt", "- nonsense");
  CHECK(folder.JobNames() == Names{"main", "one", "a", "b1", "b2"});
}

TEST_CASE("jobs of other files inherit the global section and have paths of their own", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml", "global: {scrape_interval: 7s}\nscrape_config_files: [jobs/a.yml]");
  folder.Write("jobs/a.yml",
               "scrape_configs:\n- job_name: a\n  file_sd_configs: [{files: [t.json]}]\n");
  const Result<Config> config = folder.Load();
  REQUIRE(config.ok());
  CHECK(config->jobs.at(0).scrape_interval == std::chrono::seconds(7));
  const auto& mechanism = config->jobs.at(0).discoveries.at(0).mechanism;
  CHECK(std::get<scrape::FileSdConfig>(mechanism).files == Names{folder.Path("jobs/t.json")});
}

TEST_CASE("a name that two files have is refused, with both places", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml",
               "scrape_configs:\n- job_name: prometheus\nscrape_config_files: [a.yml]\n");
  folder.Write("a.yml", "scrape_configs:\n- job_name: x\n- job_name: prometheus\n");
  CHECK(folder.JobNames() ==
        Names{folder.Path("a.yml") +
              ":3: scrape_configs[1]: found multiple scrape configs with job name \"prometheus\", "
              "first found in " +
              folder.Path("main.yml") + ":2"});
}

TEST_CASE("a file that two patterns name is refused", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml", "scrape_config_files: [a.yml, '*a.yml']\n");
  folder.Write("a.yml", "scrape_configs:\n- job_name: prometheus\n");
  CHECK_THAT(folder.JobNames().at(0),
             Catch::Contains("found multiple scrape configs with job name \"prometheus\""));
}

TEST_CASE("errors in another file name it, with the line", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml", "global: {scrape_interval: 5s}\nscrape_config_files: [a.yml]\n");
  folder.Write("a.yml", "scrape_configs:\n- job_name: prometheus\n  scrape_timeout: 6s\n");
  CHECK(folder.JobNames() ==
        Names{folder.Path("a.yml") +
              ":3: scrape_configs[0].scrape_timeout: scrape timeout greater than scrape interval "
              "for scrape config with job name \"prometheus\""});
  folder.Write("a.yml", "global: {}\n");
  CHECK(folder.JobNames() ==
        Names{folder.Path("a.yml") + ":1: field global not found in type config.ScrapeConfigs"});
  folder.Write("a.yml", "scrape_configs: [\n");
  CHECK_THAT(folder.JobNames().at(0), Catch::StartsWith(folder.Path("a.yml") + ":"));
  std::filesystem::remove(folder.Path("a.yml"));
  std::filesystem::create_directory(folder.Path("a.yml"));
  CHECK_THAT(folder.JobNames().at(0), Catch::StartsWith(folder.Path("a.yml") + ": "));
}

TEST_CASE("each load reads the files anew, and their warnings are kept", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml", "rule_files: [r.yml]\nscrape_config_files: [jobs/*.yml]\n");
  CHECK(folder.JobNames().empty());
  folder.Write("jobs/a.yml", "scrape_configs: [{job_name: a}]");
  CHECK(folder.JobNames() == Names{"a"});
  folder.Write("jobs/a.yml", "scrape_configs: [{job_name: b}]");
  CHECK(folder.JobNames() == Names{"b"});
  CHECK(folder.Load()->warnings.size() == 1);
}

TEST_CASE("a checksum changes with each file of the configuration", "[agent]") {
  ConfigFolder folder;
  folder.Write("main.yml", "scrape_config_files: [jobs/*.yml]\n");
  const auto checksum = [&] { return ConfigChecksum(folder.Path("main.yml")).value(); };
  std::string last = checksum();
  const auto changed = [&] {
    const std::string now = checksum();
    return std::exchange(last, now) != now;
  };
  CHECK_FALSE(changed());
  folder.Write("jobs/a.yml", "scrape_configs: []");
  CHECK(changed());
  CHECK_FALSE(changed());
  folder.Write("jobs/a.yml", "scrape_configs: [{}]");
  CHECK(changed());
  std::filesystem::rename(folder.Path("jobs/a.yml"), folder.Path("jobs/b.yml"));
  CHECK(changed());
  std::filesystem::remove(folder.Path("jobs/b.yml"));
  CHECK(changed());
  folder.Write("main.yml", "scrape_config_files: [jobs/*.yml]\n: bad [");
  CHECK(changed());
  std::filesystem::remove(folder.Path("main.yml"));
  CHECK_FALSE(ConfigChecksum(folder.Path("main.yml")).ok());
}

}  // namespace
}  // namespace sluice::agent
