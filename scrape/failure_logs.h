// scrape_failure_log_file: why scrapes failed, one JSON line for each.
#pragma once

#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/log_file.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/telemetry.h"

namespace sluice::scrape {

// The files of all jobs, each one opened once. Thread-safe.
class FailureLogs {
 public:
  // `clock` must outlive it.
  FailureLogs(const Clock& clock, Logger logger, Telemetry& telemetry);

  // Makes these the files and opens each anew. One that cannot be opened is reported, and its lines
  // are counted as lost; scraping goes on.
  void Apply(const std::set<std::string>& paths) SLUICE_EXCLUDES(mu_);

  // `url` without credentials. Does nothing when the path is not, or no more, among the files.
  void Write(const std::string& path, const std::string& job, const std::string& url,
             const std::string& error) SLUICE_EXCLUDES(mu_);

 private:
  const Clock& clock_;
  const Logger logger_;
  const Counter lost_;
  Mutex mu_;
  std::map<std::string, LogFile> files_ SLUICE_GUARDED_BY(mu_);
};

}  // namespace sluice::scrape
