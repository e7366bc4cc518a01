// A thread that scrapes its share of the targets.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <queue>
#include <stop_token>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/http_loop.h"
#include "base/mutex.h"
#include "base/pulse.h"
#include "scrape/frame_writer.h"
#include "scrape/page_inquiry.h"
#include "scrape/scrape_metrics.h"
#include "scrape/scraper.h"
#include "scrape/target_loop.h"

namespace sluice::scrape {

// Thread-safe, but for the members that its own thread runs.
class Worker {
 public:
  // All but the options must outlive it.
  Worker(const ScraperOptions& options, const Scraper::Deps& deps, const ScrapeMetrics& metrics,
         FailureLogs& failure_logs, LikePages& like_pages);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Starts to scrape; shown in Statuses() at once.
  void Add(LoopSpec spec);

  enum class Ending { kSilent, kMarkers };
  // Stops to scrape; a scrape in flight is finished.
  void Remove(uint64_t id, Ending ending);

  // What the last page of a target was; the answer is kNotFound when there is no such target.
  std::shared_ptr<PageInquiry> AskForPage(uint64_t id);

  // Ends everything, without markers. Idempotent.
  void Stop();

  // Appends the status of each target, without its discovered labels. Held up by nothing but
  // copying.
  void CollectStatuses(std::vector<TargetStatus>& out) const;

  // When its thread last came around.
  MonotonicTime last_pulse() const { return pulse_.last(); }

 private:
  struct Command {
    enum class Kind { kAdd, kRemove, kRemoveWithMarkers, kAskForPage };
    Kind kind = Kind::kAdd;
    uint64_t id = 0;
    LoopSpec spec;                                   // kAdd
    std::shared_ptr<PageInquiry> inquiry = nullptr;  // kAskForPage
  };

  // A scrape that ended; to be shown when the log has it.
  struct Scraped {
    uint64_t id = 0;
    ScrapeOutcome outcome;
    std::shared_ptr<const buffer::Layout> layout;
  };

  struct Due {
    MonotonicTime at;
    uint64_t id;

    bool operator>(const Due& other) const { return at > other.at; }
  };

  void Run(const std::stop_token& stop);
  void RunCommands();
  void Run(Command command);
  void RunDue(MonotonicTime now);
  void StartLoop(LoopSpec spec);
  void RemoveLoop(uint64_t id, bool with_markers);
  TargetLoop* FindParting(const LoopSpec& spec, bool (TargetLoop::*fits)(const LoopSpec&) const);
  std::unique_ptr<TargetLoop> MakeLoop(LoopSpec spec);
  void ForgetParting(const TargetLoop& loop);
  void Plan(const TargetLoop& loop);
  void OnScraped(TargetLoop& loop, const ScrapeOutcome& outcome);
  void Flush();
  const TargetLoop* SuccessorOf(const TargetLoop& loop) const;
  std::chrono::milliseconds WaitTime() const;

  // Set once.
  const ScraperOptions options_;
  const Scraper::Deps& deps_;
  const ScrapeMetrics& metrics_;
  HttpLoop http_;
  FrameWriter writer_;
  LoopDeps loop_deps_;

  Pulse pulse_;

  mutable Mutex mu_;
  std::vector<Command> commands_ SLUICE_GUARDED_BY(mu_);
  std::unordered_map<uint64_t, TargetStatus> statuses_ SLUICE_GUARDED_BY(mu_);

  // Owned by the thread.
  std::unordered_map<uint64_t, std::unique_ptr<TargetLoop>> loops_;
  std::unordered_map<uint64_t, bool> leaving_;  // removed while in flight: with markers?
  // By kinship: loops that are leaving or retiring, which may come back.
  std::unordered_multimap<uint64_t, uint64_t> parting_;
  std::vector<std::unique_ptr<TargetLoop>> done_;
  std::vector<Scraped> scraped_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;

  std::jthread thread_;
};

}  // namespace sluice::scrape
