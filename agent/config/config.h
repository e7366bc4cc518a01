// The configuration file, read and checked: what `--config.file` and `sluice check-config` load.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "relabel/labels.h"
#include "relabel/program.h"
#include "remotewrite/destination_config.h"
#include "scrape/job_config.h"

namespace sluice::agent {

// Of the main file, and of all scrape_config_files together.
inline constexpr size_t kConfigMaxBytes = 64 << 20;

struct Config {
  relabel::Labels external_labels;
  std::vector<scrape::JobConfig> jobs;
  std::vector<remotewrite::DestinationConfig> destinations;
  // The main file as people may see it: YAML with defaults, without secrets.
  std::string shown;
  // One line for each thing that is accepted but has no effect in an agent, with file and line.
  std::vector<std::string> warnings;
};

// Changes the tree of a file before it is decoded; adds what people should know to `warnings`.
using ConfigAdapter = std::function<Status(YamlNode& root, std::vector<std::string>& warnings)>;

// What the command line changes about the meaning of a file.
struct ConfigFlags {
  bool agent = false;                 // refuse the sections that Prometheus's agent mode refuses
  bool extra_scrape_metrics = false;  // the default of the field in the global section
  // For files that are not written for Prometheus; may be empty.
  ConfigAdapter adapt = {};
  ConfigAdapter adapt_scrape_file = {};  // of scrape_config_files
};

// The value of an environment variable, or nothing.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

// Errors are one line: `FILE:LINE: path.to.field: message`, with Prometheus's own phrase in the
// message where it has one. Never more than one error is reported.
// Reads the files of scrape_config_files, too.
Result<Config> LoadConfig(const std::string& path, const Environment& environment,
                          const ConfigFlags& flags = {});

// Pure: of scrape_config_files only the paths are checked.
Result<Config> ParseConfig(std::string_view text, const std::string& path,
                           const Environment& environment, const ConfigFlags& flags = {});

// A list of relabeling rules alone, as under relabel_configs.
Result<std::vector<relabel::Rule>> ParseRules(std::string_view text, const std::string& file_name);

}  // namespace sluice::agent
