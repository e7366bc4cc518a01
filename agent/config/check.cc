#include "agent/config/check.h"

#include <ostream>
#include <variant>

namespace sluice::agent {
namespace {

Status CheckTargetFiles(const scrape::JobConfig& job, const ConfigChecks& checks,
                        std::ostream& out) {
  for (const scrape::DiscoveryConfig& discovery : job.discoveries) {
    const auto* config = std::get_if<scrape::FileSdConfig>(&discovery.mechanism);
    if (config == nullptr) continue;
    for (const std::string& pattern : config->files) {
      const std::vector<std::string> files = checks.match_files({pattern});
      if (files.empty() && pattern.find('*') == std::string::npos) {
        out << "  WARNING: file \"" << pattern << "\" for file_sd in scrape job \"" << job.name
            << "\" does not exist\n";
      }
      for (const std::string& file : files) {
        if (Status status = checks.check_target_file(file); !status.ok()) return status;
      }
    }
  }
  return Status::Ok();
}

}  // namespace

int CheckConfig(const std::string& path, const ConfigChecks& checks, std::ostream& out,
                std::ostream& err) {
  out << "Checking " << path << "\n";
  const Result<Config> config = LoadConfig(path, checks.environment, checks.flags);
  if (!config.ok()) {
    err << "  FAILED: " << config.error().message << "\n";
    return 1;
  }
  for (const std::string& warning : config->warnings) out << "  WARNING: " << warning << "\n";
  for (const scrape::JobConfig& job : config->jobs) {
    if (const Status status = CheckTargetFiles(job, checks, out); !status.ok()) {
      err << "  FAILED: " << status.error().message << "\n";
      return 1;
    }
  }
  out << " SUCCESS: " << path << " is valid prometheus config file syntax\n";
  return 0;
}

}  // namespace sluice::agent
