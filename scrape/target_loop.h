// The life of one target: a scrape at each point of its grid, its page, and its end.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/http_loop.h"
#include "base/logger.h"
#include "buffer/layout.h"
#include "scrape/failure_logs.h"
#include "scrape/frame_writer.h"
#include "scrape/job_config.h"
#include "scrape/page.h"
#include "scrape/schedule.h"
#include "scrape/scrape_metrics.h"
#include "scrape/scraper.h"
#include "scrape/target.h"

namespace sluice::scrape {

// What the loops of one worker share; all must outlive them.
struct LoopDeps {
  const Clock& clock;
  HttpLoop& http;
  FrameWriter& writer;
  const ScrapeMetrics& metrics;
  FailureLogs& failure_logs;
  const Logger& logger;
  uint64_t body_bytes_max;
  LikePages& like_pages;
};

// What all targets of a job have to know about each other; its pool writes it. Thread-safe.
struct PoolState {
  // How many targets the job has, when that is more than its target_limit; else 0.
  std::atomic<uint64_t> targets_above_limit = 0;
};

// A target to be scraped under these settings.
struct LoopSpec {
  uint64_t id = 0;  // of this life of the target; never reused
  Target target;    // without its discovered labels
  std::shared_ptr<const JobConfig> job;
  uint64_t phase_seed = 0;
  std::shared_ptr<const buffer::Chunk> report;
  std::shared_ptr<const buffer::Chunk> extra_report;
  std::shared_ptr<const PoolState> pool;
  // When it was found, which is when its grid begins.
  MonotonicTime since;
  TimestampMs since_ms = 0;
};

// How the last scrape went, for TargetStatus.
struct ScrapeOutcome {
  std::string error;  // empty when it went well
  TimestampMs timestamp_ms = 0;
  double duration_seconds = 0;
};

// Bound to the thread of its worker.
class TargetLoop final : private HttpHandler {
 public:
  // `on_scraped` is called after each scrape.
  using OnScraped = std::function<void(TargetLoop&, const ScrapeOutcome&)>;

  TargetLoop(const LoopDeps& deps, LoopSpec spec, OnScraped on_scraped);
  // Goes on with the page of `before`, which IsKin() and is not in flight; leaves it without.
  TargetLoop(TargetLoop& before, LoopSpec spec);
  ~TargetLoop() override;
  TargetLoop(const TargetLoop&) = delete;
  TargetLoop& operator=(const TargetLoop&) = delete;

  uint64_t id() const { return spec_.id; }

  const LoopSpec& spec() const { return spec_; }

  const ContentId& labels_id() const { return labels_->id; }

  // Null before the first success.
  const std::shared_ptr<const buffer::Layout>& layout() const { return page_.layout(); }

  // When Run() or End() is due; nothing while a scrape is in flight.
  std::optional<MonotonicTime> due() const;

  bool is_retiring() const { return ends_at_.has_value(); }

  bool in_flight() const { return transfer_.has_value(); }

  // Starts the scrape that is due; it may end before this returns.
  void Run();

  // The target is gone: no more scrapes, and End() is due after two grid points more, so that a
  // target that comes back at once is not marked stale.
  void Retire();

  // It has come back meanwhile, under the same settings.
  void Revive(uint64_t id);

  // Appends the stale markers, but for what a target with the same labels goes on with.
  void End(const TargetLoop* successor);

  // What its last page was. kResourceExhausted when that is too large to be given away.
  Result<PageView> View() const;

  // Whether a target with this specification is the same one as this.
  bool IsSame(const LoopSpec& spec) const;

  // Whether its page would be the same: only when and how it is fetched may differ.
  bool IsKin(const LoopSpec& spec) const;

  // Equal for all that may be kin.
  static uint64_t KinshipOf(const LoopSpec& spec);

 private:
  bool OnHead(const HttpResponseHead& head) override;
  bool OnBody(std::string_view bytes) override;
  void OnDone(const HttpOutcome& outcome) override;

  void Finish(const HttpOutcome& outcome);
  PageResult Settle(const HttpOutcome& outcome, const ScrapeMeasures& measures);
  bool FailBody(Page::Failure failure, Error error);

  // Set once, but for the id of spec_.
  const LoopDeps& deps_;
  LoopSpec spec_;
  OnScraped on_scraped_;
  std::shared_ptr<const buffer::TargetLabels> labels_;
  std::shared_ptr<const HttpRequest> request_;  // of every scrape
  uint64_t body_bytes_limit_;

  Grid grid_;
  Page page_;
  std::optional<MonotonicTime> marker_at_;
  std::optional<MonotonicTime> ends_at_;
  std::optional<MonotonicTime> last_start_;
  bool leaves_memory_ = false;  // the last scrape, freed

  // The scrape in flight.
  std::optional<HttpLoop::TransferId> transfer_;
  MonotonicTime started_;
  TimestampMs timestamp_ms_ = 0;
  uint64_t body_bytes_ = 0;
  bool body_above_limit_ = false;
  std::string content_type_;          // of the latest answer that was well
  std::optional<PageFormat> format_;  // what that means; nothing until it is asked
  Status failure_;
  Page::Failure failure_kind_ = Page::Failure::kTransfer;
};

}  // namespace sluice::scrape
