#include "scrape/worker.h"

#include <algorithm>

#include "base/public_url.h"

namespace sluice::scrape {

using std::chrono::milliseconds;

namespace {

// Those of a slot come nearly together, and are appended together then. Far less than durations of
// scrapes are looked at for.
constexpr milliseconds kGather{2};

Result<PageView> NotScraped() {
  return Error{ErrorCode::kNotFound, "the target is not scraped any more"};
}

}  // namespace

Worker::Worker(const ScraperOptions& options, const Scraper::Deps& deps,
               const ScrapeMetrics& metrics, FailureLogs& failure_logs, LikePages& like_pages)
    : options_(options),
      deps_(deps),
      metrics_(metrics),
      http_({.max_idle_connections = options.idle_connections_max,
             .user_agent = options.user_agent,
             .gather = kGather}),
      writer_(deps.log, metrics),
      loop_deps_{.clock = deps.clock,
                 .http = http_,
                 .writer = writer_,
                 .metrics = metrics_,
                 .failure_logs = failure_logs,
                 .logger = deps.logger,
                 .body_bytes_max = options.body_bytes_max,
                 .like_pages = like_pages},
      pulse_(deps.clock.MonotonicNow()),
      thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Worker::~Worker() { Stop(); }

void Worker::Add(LoopSpec spec) {
  spec.since = deps_.clock.MonotonicNow();
  spec.since_ms = deps_.clock.WallNowMs();
  const MutexLock lock(mu_);
  TargetStatus& status = statuses_[spec.id];
  status.id = spec.id;
  status.job = spec.job->name;
  status.labels = spec.target.labels;
  status.url = PublicUrl(spec.target.url);
  status.scrape_interval = spec.target.interval;
  status.scrape_timeout = spec.target.timeout;
  commands_.push_back({.kind = Command::Kind::kAdd, .id = spec.id, .spec = std::move(spec)});
  http_.Wakeup();
}

void Worker::Remove(uint64_t id, Ending ending) {
  const MutexLock lock(mu_);
  statuses_.erase(id);
  const auto kind =
      ending == Ending::kMarkers ? Command::Kind::kRemoveWithMarkers : Command::Kind::kRemove;
  commands_.push_back({.kind = kind, .id = id, .spec = {}});
  http_.Wakeup();
}

std::shared_ptr<PageInquiry> Worker::AskForPage(uint64_t id) {
  auto inquiry = std::make_shared<PageInquiry>();
  const MutexLock lock(mu_);
  commands_.push_back(
      {.kind = Command::Kind::kAskForPage, .id = id, .spec = {}, .inquiry = inquiry});
  http_.Wakeup();
  return inquiry;
}

void Worker::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  http_.Wakeup();
  thread_.join();
}

void Worker::CollectStatuses(std::vector<TargetStatus>& out) const {
  const MutexLock lock(mu_);
  for (const auto& [id, status] : statuses_) out.push_back(status);
}

void Worker::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pulse_.Beat(deps_.clock.MonotonicNow());
    RunCommands();
    RunDue(deps_.clock.MonotonicNow());
    Flush();
    http_.Poll(WaitTime());
    Flush();
    done_.clear();
  }
  loops_.clear();
}

void Worker::RunCommands() {
  std::vector<Command> commands;
  {
    const MutexLock lock(mu_);
    commands.swap(commands_);
  }
  for (Command& command : commands) Run(std::move(command));
}

void Worker::Run(Command command) {
  switch (command.kind) {
    case Command::Kind::kAdd:
      StartLoop(std::move(command.spec));
      break;
    case Command::Kind::kRemove:
      RemoveLoop(command.id, false);
      break;
    case Command::Kind::kRemoveWithMarkers:
      RemoveLoop(command.id, true);
      break;
    case Command::Kind::kAskForPage: {
      const auto found = loops_.find(command.id);
      command.inquiry->Answer(found == loops_.end() ? NotScraped() : found->second->View());
      break;
    }
  }
}

void Worker::StartLoop(LoopSpec spec) {
  const uint64_t id = spec.id;
  if (TargetLoop* const same = FindParting(spec, &TargetLoop::IsSame)) {
    ForgetParting(*same);
    leaving_.erase(same->id());
    auto node = loops_.extract(same->id());
    node.key() = id;
    loops_.insert(std::move(node));
    same->Revive(id);
    Plan(*same);
    return;
  }
  auto loop = MakeLoop(std::move(spec));
  Plan(*loop);
  loops_.emplace(id, std::move(loop));
}

std::unique_ptr<TargetLoop> Worker::MakeLoop(LoopSpec spec) {
  TargetLoop* const kin = FindParting(spec, &TargetLoop::IsKin);
  if (kin == nullptr || kin->in_flight()) {
    return std::make_unique<TargetLoop>(
        loop_deps_, std::move(spec),
        [this](TargetLoop& scraped, const ScrapeOutcome& outcome) { OnScraped(scraped, outcome); });
  }
  auto loop = std::make_unique<TargetLoop>(*kin, std::move(spec));
  ForgetParting(*kin);
  loops_.erase(kin->id());
  return loop;
}

void Worker::RemoveLoop(uint64_t id, bool with_markers) {
  const auto found = loops_.find(id);
  if (found == loops_.end()) return;
  TargetLoop& loop = *found->second;
  if (!loop.in_flight() && !with_markers) {
    loops_.erase(found);
    return;
  }
  parting_.emplace(TargetLoop::KinshipOf(loop.spec()), id);
  if (loop.in_flight()) {
    leaving_[id] = with_markers;
    return;
  }
  loop.Retire();
  Plan(loop);
}

// The one that was there last.
TargetLoop* Worker::FindParting(const LoopSpec& spec,
                                bool (TargetLoop::*fits)(const LoopSpec&) const) {
  TargetLoop* last = nullptr;
  const auto [begin, end] = parting_.equal_range(TargetLoop::KinshipOf(spec));
  for (auto at = begin; at != end; ++at) {
    const auto found = loops_.find(at->second);
    if (found == loops_.end()) continue;
    TargetLoop& loop = *found->second;
    if ((loop.*fits)(spec) && (last == nullptr || last->id() < loop.id())) last = &loop;
  }
  return last;
}

void Worker::ForgetParting(const TargetLoop& loop) {
  const auto [first, last] = parting_.equal_range(TargetLoop::KinshipOf(loop.spec()));
  for (auto at = first; at != last; ++at) {
    if (at->second != loop.id()) continue;
    parting_.erase(at);
    return;
  }
}

void Worker::RunDue(MonotonicTime now) {
  while (!due_.empty() && due_.top().at <= now) {
    const Due due = due_.top();
    due_.pop();
    const auto found = loops_.find(due.id);
    // Plans that were changed meanwhile are still in the queue.
    if (found == loops_.end() || found->second->due() != due.at) continue;
    if (found->second->is_retiring()) {
      found->second->End(SuccessorOf(*found->second));
      ForgetParting(*found->second);
      loops_.erase(found);
    } else {
      found->second->Run();
    }
    if (writer_.is_full()) Flush();
  }
}

void Worker::Plan(const TargetLoop& loop) {
  if (const auto at = loop.due()) due_.push({*at, loop.id()});
}

// Brings the scrapes that ended to the log, and shows how they went.
void Worker::Flush() {
  const Status appended = writer_.Flush();
  if (!appended.ok()) {
    deps_.logger.Error("cannot append scrapes, their samples are lost",
                       {{"scrapes", scraped_.size()}, {"error", appended.error().message}});
  }
  if (scraped_.empty()) return;
  const MutexLock lock(mu_);
  for (Scraped& scraped : scraped_) {
    const auto found = statuses_.find(scraped.id);
    if (found == statuses_.end()) continue;
    TargetStatus& status = found->second;
    status.last_error = std::move(scraped.outcome.error);
    if (status.last_error.empty() && !appended.ok()) status.last_error = appended.error().message;
    status.last_scrape_ms = scraped.outcome.timestamp_ms;
    status.last_scrape_duration_seconds = scraped.outcome.duration_seconds;
    status.layout = std::move(scraped.layout);
    status.health = status.last_error.empty() ? TargetHealth::kUp : TargetHealth::kDown;
  }
  scraped_.clear();
}

// Called by the loop, from within Poll() or its Run().
void Worker::OnScraped(TargetLoop& loop, const ScrapeOutcome& outcome) {
  scraped_.push_back({.id = loop.id(), .outcome = outcome, .layout = loop.layout()});
  if (writer_.is_full()) Flush();
  const auto leaving = leaving_.find(loop.id());
  if (leaving != leaving_.end()) {
    const bool with_markers = leaving->second;
    leaving_.erase(leaving);
    if (!with_markers) {
      ForgetParting(loop);
      // It is still on the stack.
      done_.push_back(std::move(loops_.extract(loop.id()).mapped()));
      return;
    }
    loop.Retire();
  }
  Plan(loop);
}

const TargetLoop* Worker::SuccessorOf(const TargetLoop& loop) const {
  const auto found = std::find_if(loops_.begin(), loops_.end(), [&](const auto& entry) {
    return !entry.second->is_retiring() && !leaving_.contains(entry.first) &&
           entry.second->labels_id() == loop.labels_id();
  });
  return found == loops_.end() ? nullptr : found->second.get();
}

milliseconds Worker::WaitTime() const {
  if (due_.empty()) return options_.poll_max;
  // Rounded up: a wait that ends too early would spin until the time has come.
  const auto wait = std::chrono::ceil<milliseconds>(due_.top().at - deps_.clock.MonotonicNow());
  return std::clamp(wait, milliseconds(0), options_.poll_max);
}

}  // namespace sluice::scrape
