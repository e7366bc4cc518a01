#include "agent/config/config.h"

#include <array>
#include <utility>

#include "agent/config/decoder.h"
#include "agent/config/global_section.h"
#include "agent/config/pending_fields.h"
#include "agent/config/relabel_rules.h"
#include "agent/config/remote_write_section.h"
#include "agent/config/scrape_section.h"
#include "agent/config/specs/server_specs.h"
#include "base/file.h"
#include "base/yaml.h"

namespace sluice::agent {
namespace {

constexpr size_t kConfigMaxBytes = 64 << 20;
constexpr std::array<std::string_view, 3> kFields = {"global", "scrape_configs", "remote_write"};

Config DecodeConfig(const Value& root, const Environment& environment) {
  Config config;
  const std::vector<std::string_view> pending = NamesOf(PendingTopLevelFields());
  const Fields fields(root, "config.plain", {kFields, pending});
  CheckPendingFields(fields, PendingTopLevelFields());
  if (const auto reads = fields.Find("remote_read")) CheckRemoteReadNames(*reads);
  GlobalSection global;
  if (const auto section = fields.Find("global")) global = DecodeGlobal(*section, environment);
  if (const auto section = fields.Find("scrape_configs")) {
    config.jobs = DecodeScrapeConfigs(*section, global);
  }
  if (const auto section = fields.Find("remote_write")) {
    config.destinations = DecodeRemoteWrite(*section, global);
  }
  config.external_labels = std::move(global.external_labels);
  return config;
}

}  // namespace

Result<Config> ParseConfig(std::string_view text, const std::string& path,
                           const Environment& environment) {
  const Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return root.error();
  Decoder decoder(path);
  Config config = DecodeConfig(Value(decoder, *root, ""), environment);
  if (decoder.failed()) return decoder.error();
  config.warnings = decoder.warnings();
  return config;
}

Result<Config> LoadConfig(const std::string& path, const Environment& environment) {
  const Result<std::string> text = ReadFile(path, kConfigMaxBytes);
  if (!text.ok()) return text.error();
  return ParseConfig(*text, path, environment);
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
