#include "scrape/target_loop.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/heap.h"
#include "base/public_url.h"
#include "scrape/response.h"

namespace sluice::scrape {
namespace {

// A page with so many series that it did not have before leaves much freed memory behind.
constexpr uint64_t kManySeries = 50'000;

SeriesRules RulesOf(const LoopSpec& spec) {
  return {.target_labels = spec.target.labels,
          .metric_relabel = spec.job->metric_relabel,
          .honor_labels = spec.job->honor_labels,
          .honor_timestamps = spec.job->honor_timestamps,
          .track_timestamps_staleness = spec.job->track_timestamps_staleness,
          .respell_labels = spec.job->respell_labels,
          .name_scheme = spec.job->metric_name_validation_scheme,
          .histograms = spec.target.histograms,
          .label_limits = spec.job->label_limits,
          .sample_limit = spec.job->sample_limit,
          .sample_limit_policy = spec.job->sample_limit_policy};
}

PageReport ReportOf(const LoopSpec& spec) {
  return {.chunk = spec.report,
          .extra = spec.job->extra_scrape_metrics ? spec.extra_report : nullptr,
          .timeout_seconds = std::chrono::duration<double>(spec.target.timeout).count()};
}

std::shared_ptr<const buffer::TargetLabels> StoredLabels(const relabel::Labels& labels) {
  std::vector<buffer::LabelView> views;
  for (const relabel::Label& label : labels) views.push_back({label.name, label.value});
  return buffer::TargetLabels::Of(views);
}

std::shared_ptr<const HttpRequest> RequestOf(const LoopSpec& spec) {
  auto request =
      std::make_shared<HttpRequest>(ScrapeRequest(spec.target.url, spec.target.timeout, *spec.job));
  request->client = spec.job->http_client;
  request->unix_socket = spec.target.unix_socket;
  return request;
}

double SecondsOf(MonotonicTime::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

TargetLoop::TargetLoop(const LoopDeps& deps, LoopSpec spec, OnScraped on_scraped)
    : deps_(deps),
      spec_(std::move(spec)),
      on_scraped_(std::move(on_scraped)),
      labels_(StoredLabels(spec_.target.labels)),
      request_(RequestOf(spec_)),
      body_bytes_limit_(spec_.job->body_size_limit == 0
                            ? deps.body_bytes_max
                            : std::min(spec_.job->body_size_limit, deps.body_bytes_max)),
      grid_(spec_.target.identity ^ spec_.phase_seed, spec_.target.interval, spec_.since,
            spec_.since_ms),
      page_(RulesOf(spec_), ReportOf(spec_), &deps.like_pages) {}

TargetLoop::TargetLoop(TargetLoop& before, LoopSpec spec)
    : TargetLoop(before.deps_, std::move(spec), before.on_scraped_) {
  page_ = std::move(before.page_);
  page_.Reconfigure(RulesOf(spec_), ReportOf(spec_));
}

TargetLoop::~TargetLoop() {
  if (transfer_.has_value()) deps_.http.Cancel(*transfer_);
}

std::optional<MonotonicTime> TargetLoop::due() const {
  if (in_flight()) return std::nullopt;
  return ends_at_.has_value() ? ends_at_ : grid_.next();
}

void TargetLoop::Run() {
  // Not at the end of that scrape: until now its dictionary was on the way to the disk.
  if (std::exchange(leaves_memory_, false)) ReturnFreedMemory();
  started_ = deps_.clock.MonotonicNow();
  const MonotonicTime planned = grid_.next();
  const TimestampMs wall_ms = deps_.clock.WallNowMs();
  timestamp_ms_ = grid_.Start(started_, wall_ms);
  const auto missed = (grid_.next() - planned) / grid_.interval() - 1;
  if (missed > 0) deps_.metrics.scrapes_missed.Increment(static_cast<double>(missed));
  if (last_start_.has_value()) {
    deps_.metrics.interval_seconds.Observe(SecondsOf(started_ - *last_start_));
  }
  last_start_ = started_;
  body_bytes_ = 0;
  body_above_limit_ = false;
  failure_ = Status::Ok();
  failure_kind_ = Page::Failure::kTransfer;
  page_.Begin(timestamp_ms_, wall_ms);
  if (const uint64_t count = spec_.pool->targets_above_limit; count != 0) {
    failure_ = InvalidInput("target_limit exceeded (number of targets: " + std::to_string(count) +
                            ", limit: " + std::to_string(spec_.job->target_limit) + ")");
    Finish({});
    return;
  }
  transfer_ = deps_.http.Start(request_, *this);
}

void TargetLoop::Retire() {
  marker_at_ = grid_.next();
  ends_at_ = *marker_at_ + grid_.interval() + grid_.interval() / 10;
}

void TargetLoop::Revive(uint64_t id) {
  spec_.id = id;
  marker_at_.reset();
  ends_at_.reset();
}

void TargetLoop::End(const TargetLoop* successor) {
  const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(
      deps_.clock.MonotonicNow() - *marker_at_);
  PageResult result = page_.Retire(deps_.clock.WallNowMs() - ago.count(),
                                   successor == nullptr ? nullptr : &successor->page_);
  deps_.writer.Add(labels_, std::move(result.frames));
}

Result<PageView> TargetLoop::View() const {
  PageView view = page_.View();
  if (view.text->memory_bytes() <= kPageViewBytesMax) return view;
  return Error{ErrorCode::kResourceExhausted,
               "the page is too large to be looked at while it is scraped"};
}

bool TargetLoop::IsSame(const LoopSpec& spec) const {
  return spec.target.identity == spec_.target.identity && spec.job->name == spec_.job->name &&
         spec.job->fingerprint == spec_.job->fingerprint;
}

bool TargetLoop::IsKin(const LoopSpec& spec) const {
  return spec.job->name == spec_.job->name && spec.target.labels == spec_.target.labels &&
         spec.target.url == spec_.target.url &&
         spec.target.unix_socket == spec_.target.unix_socket &&
         spec.target.histograms == spec_.target.histograms && MakeSamePages(*spec.job, *spec_.job);
}

uint64_t TargetLoop::KinshipOf(const LoopSpec& spec) {
  return TargetIdentity(spec.target.labels, spec.target.url);
}

bool TargetLoop::OnHead(const HttpResponseHead& head) {
  if (Status status = CheckStatus(head); !status.ok()) {
    return FailBody(Page::Failure::kTransfer, status.error());
  }
  if (head.content_type != content_type_) {
    content_type_ = head.content_type;
    format_.reset();
  }
  return true;
}

bool TargetLoop::OnBody(std::string_view bytes) {
  if (bytes.empty()) return true;
  if (body_bytes_ == 0) {
    // Only now, because an empty body needs no type.
    if (!format_.has_value()) {
      const auto format = FormatOf(content_type_, spec_.job->fallback_scrape_protocol);
      if (!format.ok()) return FailBody(Page::Failure::kTransfer, format.error());
      format_ = *format;
    }
    page_.SetFormat(*format_);
  }
  body_bytes_ += bytes.size();
  if (body_bytes_ >= body_bytes_limit_) {
    deps_.metrics.body_limit_exceeded.Increment();
    body_above_limit_ = true;
    return FailBody(Page::Failure::kTransfer, InvalidInput("body size limit exceeded"));
  }
  const Status status = page_.Feed(bytes);
  return status.ok() || FailBody(Page::Failure::kContent, status.error());
}

bool TargetLoop::FailBody(Page::Failure failure, Error error) {
  failure_kind_ = failure;
  failure_ = std::move(error);
  return false;
}

void TargetLoop::OnDone(const HttpOutcome& outcome) {
  transfer_.reset();
  Finish(outcome);
}

void TargetLoop::Finish(const HttpOutcome& outcome) {
  const double duration_seconds = SecondsOf(deps_.clock.MonotonicNow() - started_);
  PageResult result =
      Settle(outcome, {.duration_seconds = duration_seconds,
                       .body_bytes = body_above_limit_ ? -1 : static_cast<double>(body_bytes_)});
  deps_.metrics.Count(result.counts);
  deps_.metrics.duration_seconds.Observe(duration_seconds);
  (failure_.ok() ? deps_.metrics.scrapes_up : deps_.metrics.scrapes_down).Increment();
  deps_.writer.Add(labels_, std::move(result.frames));
  if (!failure_.ok() && !spec_.job->scrape_failure_log_file.empty()) {
    deps_.failure_logs.Write(spec_.job->scrape_failure_log_file, spec_.job->name,
                             PublicUrl(spec_.target.url), failure_.error().message);
  }
  leaves_memory_ = result.counts.series_added >= kManySeries;
  // May destroy this.
  on_scraped_(*this, {.error = failure_.ok() ? "" : failure_.error().message,
                      .timestamp_ms = timestamp_ms_,
                      .duration_seconds = duration_seconds});
}

PageResult TargetLoop::Settle(const HttpOutcome& outcome, const ScrapeMeasures& measures) {
  if (failure_.ok() && !outcome.status.ok()) {
    failure_ = InvalidInput(TransferError(spec_.target.url, outcome.status.error()));
  }
  if (!failure_.ok()) {
    ScrapeMeasures failed = measures;
    // What came of a broken transfer is no size of a body.
    if (failure_kind_ == Page::Failure::kTransfer && !body_above_limit_) failed.body_bytes = 0;
    return page_.Fail(failure_kind_, failed);
  }
  Result<PageResult> result = page_.Succeed(measures);
  if (result.ok()) return std::move(*result);
  failure_ = result.error();
  return page_.Fail(Page::Failure::kContent, measures);
}

}  // namespace sluice::scrape
