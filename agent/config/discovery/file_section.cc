#include "agent/config/discovery/file_section.h"

#include <array>
#include <string>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/target_sources.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 2> kFields = {"files", "refresh_interval"};
constexpr std::array<std::string_view, 6> kExtensions = {".json", ".yml", ".yaml",
                                                         ".JSON", ".YML", ".YAML"};

// One of the extensions, and a `*` in the last path element at most.
bool IsFilePattern(std::string_view path) {
  for (const std::string_view extension : kExtensions) {
    if (path.size() < extension.size()) continue;
    const std::string_view stem = path.substr(0, path.size() - extension.size());
    if (path.substr(stem.size()) != extension) continue;
    const size_t star = stem.find('*');
    return star == std::string_view::npos || stem.find('/', star) == std::string_view::npos;
  }
  return false;
}

}  // namespace

scrape::FileSdConfig DecodeFileSd(const Value& value) {
  scrape::FileSdConfig config;
  const Fields fields(value, "file.plain", {kFields});
  if (const auto files = fields.Find("files")) {
    for (const Value& file : files->Items("[]string")) {
      const std::string path = file.Text();
      if (!IsFilePattern(path)) {
        file.Fail("path name " + QuoteText(path) + " is not valid for file discovery");
      }
      config.files.push_back(ResolvePath(path, value.decoder().file()));
    }
  }
  if (config.files.empty()) {
    value.Fail("file service discovery config must contain at least one path name");
  }
  ReadRefreshInterval(fields, config.refresh_interval);
  return config;
}

}  // namespace sluice::agent
