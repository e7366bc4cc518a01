// Keeps the last targets of discoveries on disk, so that after a restart they are scraped before
// the discoveries have answered.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/mutex.h"
#include "base/result.h"
#include "base/telemetry.h"
#include "scrape/discovery/grace/write_schedule.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Thread-safe. One thread writes; it starts when there is something to keep.
class GraceStore {
 public:
  struct Options {
    std::string directory;  // empty: nothing is kept
    // No wait is longer than this, whatever is due.
    std::chrono::milliseconds poll_max{1000};
  };

  // All must outlive it.
  struct Deps {
    const Clock& clock;
    Logger logger;
    Telemetry& telemetry;
  };

  using Groups = std::vector<TargetGroupPtr>;

  // All groups of a discovery; nothing while it has not answered. Called from the thread, without
  // any lock of the store.
  using ReadGroups = std::function<std::optional<Groups>(const std::string& key)>;

  GraceStore(Options options, Deps deps, ReadGroups read);
  ~GraceStore();  // stops
  GraceStore(const GraceStore&) = delete;
  GraceStore& operator=(const GraceStore&) = delete;

  // What is known of that discovery from before, when it is not older than `grace`.
  std::optional<Groups> Load(const std::string& key, std::chrono::milliseconds grace);

  // Keeps these from now on, each with its grace; files of others are removed.
  void Keep(const std::map<std::string, std::chrono::milliseconds>& graces);

  // Another set of targets is known.
  void NoteChange(const std::string& key);

  // Writes what changed, and ends the thread. `read` is not called any more. Idempotent.
  void Stop();

 private:
  void Run(const std::stop_token& stop);
  void WriteDue();
  void Write(const std::string& key);
  Result<size_t> WriteFile(const std::string& key, const Groups& groups);
  void RemoveOthers(const std::map<std::string, std::chrono::milliseconds>& graces);
  void Skip(const std::string& key, const Error& error);
  std::string PathOf(const std::string& key) const;

  const Options options_;
  const Deps deps_;
  const ReadGroups read_;
  const Counter writes_;
  const Counter write_failures_;

  Mutex mu_;
  CondVar wake_;
  bool stopped_ SLUICE_GUARDED_BY(mu_) = false;
  WriteSchedule schedule_ SLUICE_GUARDED_BY(mu_);
  std::string last_error_;  // of the thread

  std::jthread thread_;  // started under mu_
};

}  // namespace sluice::scrape
