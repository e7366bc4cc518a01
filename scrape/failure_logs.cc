#include "scrape/failure_logs.h"

#include <utility>

namespace sluice::scrape {
namespace {

constexpr size_t kErrorMax = 4096;

}  // namespace

FailureLogs::FailureLogs(const Clock& clock, Logger logger, Telemetry& telemetry)
    : clock_(clock),
      logger_(std::move(logger)),
      lost_(telemetry.AddCounter("sluice_scrape_failure_log_lost_total",
                                 "Lines that a scrape_failure_log_file could not take.")) {}

void FailureLogs::Apply(const std::set<std::string>& paths) {
  const MutexLock lock(mu_);
  std::erase_if(files_, [&](const auto& entry) { return !paths.contains(entry.first); });
  for (const std::string& path : paths) {
    LogFile& file = files_.try_emplace(path, path).first->second;
    if (const Status status = file.Open(); !status.ok()) {
      logger_.Error("cannot open a scrape failure log, its lines are lost",
                    {{"error", status.error().message}});
    }
  }
}

void FailureLogs::Write(const std::string& path, const std::string& job, const std::string& url,
                        const std::string& error) {
  const MutexLock lock(mu_);
  const auto found = files_.find(path);
  if (found == files_.end()) return;
  const Status status =
      found->second.Write(clock_.WallNowMs(), LogLevel::kError, error.substr(0, kErrorMax),
                          {{"job_name", job}, {"target", url}});
  if (!status.ok()) lost_.Increment();
}

}  // namespace sluice::scrape
