#include "agent/config/scrape_config_files.h"

#include <array>
#include <iterator>

#include "agent/config/decoder.h"
#include "base/file.h"
#include "base/yaml.h"
#include "scrape/discovery/file/file_discovery.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 1> kFields = {"scrape_configs"};

}  // namespace

Status AddScrapeConfigs(std::string_view text, const std::string& path, const GlobalSection& global,
                        JobNames& names, Config& config, const ConfigAdapter& adapt) {
  Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return root.error();
  if (adapt) {
    if (Status status = adapt(*root, config.warnings); !status.ok()) return status;
  }
  Decoder decoder(path);
  const Fields fields(Value(decoder, *root, ""), "config.ScrapeConfigs", {kFields});
  std::vector<scrape::JobConfig> jobs;
  if (const auto list = fields.Find("scrape_configs")) {
    jobs = DecodeScrapeConfigs(*list, global, names);
  }
  if (decoder.failed()) return decoder.error();
  std::move(jobs.begin(), jobs.end(), std::back_inserter(config.jobs));
  config.warnings.insert(config.warnings.end(), decoder.warnings().begin(),
                         decoder.warnings().end());
  return Status::Ok();
}

Status AddScrapeConfigFiles(const std::vector<std::string>& patterns, const GlobalSection& global,
                            JobNames& names, Config& config, const ConfigAdapter& adapt) {
  size_t bytes_left = kConfigMaxBytes;
  for (const std::string& pattern : patterns) {
    for (const std::string& path : scrape::MatchFiles({pattern})) {
      const Result<std::string> text = ReadFile(path, bytes_left);
      if (!text.ok()) return text.error();
      bytes_left -= text->size();
      Status status = AddScrapeConfigs(*text, path, global, names, config, adapt);
      if (!status.ok()) return status;
    }
  }
  return Status::Ok();
}

}  // namespace sluice::agent
