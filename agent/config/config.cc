#include "agent/config/config.h"

#include <array>
#include <iterator>
#include <utility>

#include "agent/config/content.h"
#include "agent/config/decoder.h"
#include "agent/config/global_section.h"
#include "agent/config/ignored_fields.h"
#include "agent/config/relabel_rules.h"
#include "agent/config/remote_write_section.h"
#include "agent/config/scrape_config_files.h"
#include "agent/config/scrape_section.h"
#include "agent/config/shown_config.h"
#include "agent/config/spec.h"
#include "agent/config/specs/server_specs.h"
#include "agent/config/target_sources.h"
#include "base/file.h"
#include "base/yaml.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"global", "scrape_config_files",
                                                     "scrape_configs", "remote_write"};
constexpr FieldSpec kScrapeConfigFiles{.type = FieldType::kFilePatterns,
                                       .name = "scrape_config_files",
                                       .refusal = "invalid scrape config file path %q"};

// The main file, and what the decoding of further ones needs to know.
struct MainFile {
  Config config;
  GlobalSection global;
  JobNames names;
  std::vector<std::string> scrape_config_files;
};

void FailInAgentMode(const Fields& fields, std::string_view name) {
  const auto value = fields.Find(name);
  if (!value || !HasContent(*value)) return;
  value->Fail("field " + std::string(name) + " is not allowed in agent mode");
}

void DecodeMainFile(const Value& root, const Environment& environment, const ConfigFlags& flags,
                    MainFile& file) {
  file.global.job.extra_scrape_metrics = flags.extra_scrape_metrics;
  const std::vector<std::string_view> ignored = NamesOf(IgnoredTopLevelFields());
  const Fields fields(root, "config.plain", {kFields, ignored});
  CheckIgnoredFields(fields, IgnoredTopLevelFields());
  if (const auto reads = fields.Find("remote_read")) CheckRemoteReadNames(*reads);
  if (flags.agent) {
    for (const std::string_view name : {"alerting", "rule_files", "remote_read"}) {
      FailInAgentMode(fields, name);
    }
  }
  if (const auto section = fields.Find("global")) {
    DecodeGlobal(*section, environment, file.global);
  }
  if (const auto otlp = fields.Find("otlp")) {
    CheckOtlpNames(*otlp, file.global.job.metric_name_validation_scheme);
  }
  CheckFields(fields, {&kScrapeConfigFiles, 1});
  if (const auto patterns = fields.Find(kScrapeConfigFiles.name)) {
    for (const std::string& pattern : patterns->Texts()) {
      file.scrape_config_files.push_back(ResolvePath(pattern, root.decoder().file()));
    }
  }
  if (const auto section = fields.Find("scrape_configs")) {
    file.config.jobs = DecodeScrapeConfigs(*section, file.global, file.names);
  }
  if (const auto section = fields.Find("remote_write")) {
    file.config.destinations = DecodeRemoteWrite(*section, file.global);
  }
  file.config.external_labels = file.global.external_labels;
}

Result<MainFile> ParseMainFile(std::string_view text, const std::string& path,
                               const Environment& environment, const ConfigFlags& flags) {
  Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return root.error();
  MainFile file;
  std::vector<std::string> warnings;
  if (flags.adapt) {
    if (Status status = flags.adapt(*root, warnings); !status.ok()) return status.error();
  }
  Decoder decoder(path);
  DecodeMainFile(Value(decoder, *root, ""), environment, flags, file);
  if (decoder.failed()) return decoder.error();
  file.config.warnings = decoder.warnings();
  std::move(warnings.begin(), warnings.end(), std::back_inserter(file.config.warnings));
  file.config.shown = ShowConfig(*root, file.global, file.config.jobs);
  return file;
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, const std::string& path,
                           const Environment& environment, const ConfigFlags& flags) {
  Result<MainFile> file = ParseMainFile(text, path, environment, flags);
  if (!file.ok()) return file.error();
  return std::move(file->config);
}

Result<Config> LoadConfig(const std::string& path, const Environment& environment,
                          const ConfigFlags& flags) {
  const Result<std::string> text = ReadFile(path, kConfigMaxBytes);
  if (!text.ok()) return text.error();
  Result<MainFile> file = ParseMainFile(*text, path, environment, flags);
  if (!file.ok()) return file.error();
  Status added = AddScrapeConfigFiles(file->scrape_config_files, file->global, file->names,
                                      file->config, flags.adapt_scrape_file);
  if (!added.ok()) return added.error();
  return std::move(file->config);
}

Result<std::vector<relabel::Rule>> ParseRules(std::string_view text, const std::string& file_name) {
  const Result<YamlNode> root = ParseYaml(text, file_name);
  if (!root.ok()) return root.error();
  Decoder decoder(file_name);
  std::vector<relabel::Rule> rules =
      DecodeRules(Value(decoder, *root, ""), "empty or null relabeling rule");
  if (decoder.failed()) return decoder.error();
  return rules;
}

}  // namespace sluice::agent
