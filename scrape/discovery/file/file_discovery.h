// file_sd_configs: target groups from JSON and YAML files, watched by inotify and re-read every
// refresh interval (Prometheus, <file_sd_config>).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scrape/discovery/discovery.h"
#include "scrape/discovery/file/file_sd_config.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Reads one file: a list of {targets, labels}; strict, as Prometheus (unknown field, null element:
// the whole file is refused). Each target gets __address__, each group __meta_filepath and the
// source "path:index". Pure but for reading the file.
Result<std::vector<TargetGroup>> ReadTargetFile(const std::string& path);
Result<std::vector<TargetGroup>> ParseTargetFile(std::string_view text, const std::string& path);

// The files that the patterns match now, sorted, without duplicates.
std::vector<std::string> MatchFiles(const std::vector<std::string>& patterns);

// Watches the files of one FileSdConfig on a thread of its own. A file that cannot be read or
// parsed keeps its last groups (counted, logged once per change); a file that went away has none.
class FileDiscovery final : public Discovery {
 public:
  FileDiscovery(FileSdConfig config, DiscoverySink sink, DiscoveryDeps deps);
  ~FileDiscovery() override;
  FileDiscovery(const FileDiscovery&) = delete;
  FileDiscovery& operator=(const FileDiscovery&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::scrape
