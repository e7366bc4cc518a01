#include "agent/config/checksum.h"

#include <vector>

#include "agent/config/config.h"
#include "agent/config/target_sources.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/yaml.h"
#include "scrape/discovery/file/file_discovery.h"

namespace sluice::agent {
namespace {

// As far as they can be told from a file that may not load.
std::vector<std::string> PatternsIn(const std::string& text, const std::string& path) {
  std::vector<std::string> patterns;
  const Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return patterns;
  for (const YamlEntry& entry : root->entries) {
    if (entry.first.scalar != "scrape_config_files") continue;
    for (const YamlNode& item : entry.second.items) {
      patterns.push_back(ResolvePath(item.scalar, path));
    }
  }
  return patterns;
}

void Append(const std::string& name, const std::string& content, std::string& out) {
  out += name + "=" + std::to_string(XxHash64(content)) + ";";
}

}  // namespace

Result<std::string> ConfigChecksum(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kConfigMaxBytes);
  if (!text.ok()) return text.error();
  std::string checksum;
  Append(path, *text, checksum);
  for (const std::string& file : scrape::MatchFiles(PatternsIn(*text, path))) {
    const Result<std::string> content = ReadFile(file, kConfigMaxBytes);
    Append(file, content.ok() ? *content : content.error().message, checksum);
  }
  return checksum;
}

}  // namespace sluice::agent
