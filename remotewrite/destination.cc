#include "remotewrite/destination.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/public_url.h"
#include "remotewrite/protocol_headers.h"
#include "remotewrite/response_policy.h"

namespace sluice::remotewrite {

namespace {

// What is kept of an answer, for the log line, and what is read of it at most.
constexpr size_t kWordsMax = 1'024;
constexpr uint64_t kAnswerMax = 1ULL << 20;

constexpr std::chrono::seconds kRejectionLogInterval{10};
constexpr std::chrono::milliseconds kLedgerInterval{200};

// A few requests for each lane are the most that may be open to one host.
constexpr size_t kConnectionsMax = 2 * buffer::kLaneCount;
// Answers to requests that were sent together are acknowledged with one record.
constexpr std::chrono::milliseconds kGather{2};

std::shared_ptr<proto::SymbolPool> SymbolsFor(const ProtocolConfig& protocol) {
  return protocol.message == Message::kV2 ? std::make_shared<proto::SymbolPool>() : nullptr;
}

Logger BranchLogger(const Logger& logger, const std::string& tenant) {
  return tenant.empty() ? logger : logger.With({"tenant", tenant});
}

}  // namespace

// One request and its answer.
class Destination::Exchange final : public HttpHandler {
 public:
  Exchange(Destination& destination, const Transfer& request, size_t at_endpoint, MonotonicTime now)
      : sent(request), endpoint(at_endpoint), started_at(now), destination_(destination) {}

  bool OnHead(const HttpResponseHead& head) override {
    accepted_ = ClassifyResponse(head.status) == Verdict::kAccepted;
    answer_.written = ReadWritten(head.headers);
    if (head.retry_after) {
      answer_.retry_after = ParseRetryAfter(*head.retry_after, destination_.clock_.WallNowMs());
    }
    return true;
  }

  // The words of a 2xx say nothing; they are read so that the connection can be used again.
  bool OnBody(std::string_view bytes) override {
    size_ += bytes.size();
    if (!accepted_) answer_.words.append(bytes.substr(0, kWordsMax - answer_.words.size()));
    return size_ <= kAnswerMax;
  }

  void OnDone(const HttpOutcome& outcome) override {
    // The status line decides; whether the rest of the answer arrived does not matter.
    answer_.http_status = outcome.http_status;
    if (outcome.http_status == 0) {
      answer_.words = outcome.status.ok() ? "no answer" : outcome.status.error().message;
    }
    if (!accepted_) destination_.LogFailure(sent, answer_);
    destination_.OnExchangeDone(*this, std::move(answer_));  // destroys this
  }

  const Transfer sent;
  const size_t endpoint;
  const MonotonicTime started_at;
  HttpLoop::TransferId transfer = 0;

 private:
  Destination& destination_;
  Answer answer_;
  uint64_t size_ = 0;
  bool accepted_ = false;
};

// Whether the receiver takes zstd.
class Destination::Question final : public HttpHandler {
 public:
  explicit Question(Destination& destination) : destination_(destination) {}

  bool OnHead(const HttpResponseHead& /*head*/) override { return true; }

  bool OnBody(std::string_view bytes) override {
    words_.append(bytes.substr(0, kWordsMax - words_.size()));
    return words_.size() < kWordsMax;
  }

  void OnDone(const HttpOutcome& outcome) override {
    Destination& destination = destination_;
    destination.delivery_.protocol().OnQuestionAnswered(outcome.http_status, words_,
                                                        destination.clock_.MonotonicNow());
    destination.question_.reset();  // destroys this
  }

  HttpLoop::TransferId transfer = 0;

 private:
  Destination& destination_;
  std::string words_;
};

Destination::Destination(DestinationConfig config, const DestinationsOptions& options,
                         const Destinations::Deps& deps)
    : config_(std::move(config)),
      options_(options),
      deps_(deps),
      is_branch_(buffer::ParseBranchName(config_.name).has_value()),
      name_(ShownName(config_.name)),
      public_url_(PublicUrl(config_.url)),
      clock_(deps.clock),
      log_(deps.log),
      logger_(BranchLogger(deps.logger.With({"remote_name", name_}).With({"url", public_url_}),
                           config_.tenant.only)),
      source_(deps.log, config_.name),
      tenants_(config_.tenant.is_on() ? std::optional<Tenants>(std::in_place, config_.tenant)
                                      : std::nullopt),
      cache_(source_,
             {.external_labels = config_.external_labels,
              .write_relabel = config_.write_relabel,
              .symbols = SymbolsFor(config_.protocol),
              .families = SendsMetadata() ? &families_ : nullptr,
              .tenants = tenants_ ? &*tenants_ : nullptr,
              .sharding = config_.sharding.is_on() ? &config_.sharding : nullptr},
             options.projection_bytes_max),
      delivery_({.name = name_,
                 .queue = config_.queue,
                 .send = config_.send,
                 .replay = config_.replay,
                 .rate_limit = config_.rate_limit,
                 .thinning = config_.thinning,
                 .protocol = config_.protocol,
                 .external_labels = config_.external_labels,
                 .tenants = tenants_ ? &*tenants_ : nullptr,
                 .is_branch = is_branch_,
                 .branch_after = options.branch_timing.after,
                 .seed = std::random_device()()},
                source_, cache_),
      endpoints_(config_.urls.empty() ? std::vector<std::string>{config_.url} : config_.urls,
                 std::random_device()()),
      waits_(config_.sharding.is_on() && !is_branch_),
      quarantine_(options.quarantine, config_.name, name_),
      metadata_(config_.metadata, deps.clock.MonotonicNow()),
      http_(HttpLoopOptions{.max_idle_connections = kConnectionsMax,
                            .user_agent = options.user_agent,
                            .gather = kGather}),
      pulse_(deps.clock.MonotonicNow()) {
  status_.name = name_;
  status_.url = public_url_;
  status_.disk = config_.disk;
  // What a branch does shows in the ledger of its destination.
  if (!is_branch_) {
    metrics_.emplace(deps.telemetry, config_.name, public_url_, config_.queue);
    metrics_->SetDiskBudget(config_.disk);
  }
  thread_ = std::jthread([this] { Run(); });
}

Destination::~Destination() {
  RequestStop(std::chrono::milliseconds(0));
  Join();
}

void Destination::RequestStop(std::chrono::milliseconds drain) {
  const MonotonicTime end_at = clock_.MonotonicNow() + drain;
  {
    const MutexLock lock(mu_);
    end_at_ = std::min(end_at_.value_or(end_at), end_at);
  }
  http_.Wakeup();
}

void Destination::Leave() {
  leaving_ = true;
  http_.Wakeup();
}

void Destination::Join() {
  if (thread_.joinable()) thread_.join();
}

DestinationStatus Destination::LatestStatus() const {
  const MutexLock lock(mu_);
  return status_;
}

DestinationStatus Destination::Snapshot() const {
  DestinationStatus status = LatestStatus();
  if (auto progress = log_.ProgressWithBranches(config_.name)) {
    status.progress = *std::move(progress);
  }
  status.leaving = leaving_;
  return status;
}

DeliveryTime Destination::Now() const {
  return {.now = clock_.MonotonicNow(), .wall_ms = clock_.WallNowMs()};
}

bool Destination::IsTimeToEnd(const DeliveryTime& time) {
  {
    const MutexLock lock(mu_);
    if (!end_at_ && !leaving_) return false;
    if (end_at_ && time.now >= *end_at_) return true;
  }
  delivery_.Hurry();
  return branches_.empty() && delivery_.IsDrained();
}

void Destination::Run() {
  ResumeBranches();
  while (true) {
    pulse_.Beat(clock_.MonotonicNow());
    delivery_.Tick(Now());
    if (IsTimeToEnd(Now())) break;
    TendBranches(Now());
    while (!HasPredecessor()) {
      const std::optional<Transfer> transfer = delivery_.NextTransfer(Now());
      if (!transfer) break;
      StartExchange(*transfer);
    }
    if (delivery_.protocol().WantsQuestion(clock_.MonotonicNow())) AskForZstd();
    SendMetadata();
    // Also what ended without a request: series that a rule drops.
    Acknowledge();
    Report(Now());
    http_.Poll(delivery_.IdleFor(clock_.MonotonicNow()));
    Acknowledge();
  }
  for (auto& [job, exchange] : exchanges_) http_.Cancel(exchange->transfer);
  exchanges_.clear();
  if (question_ != nullptr) http_.Cancel(question_->transfer);
  question_.reset();
  if (metadata_exchange_ != nullptr) http_.Cancel(metadata_transfer_);
  metadata_exchange_.reset();
  delivery_.Hurry();
  Acknowledge();
  branches_.clear();  // what they still have stays in the log
  ledger_read_at_ = MonotonicTime{};
  Report(Now());
  if (leaving_) EndLeaving();
}

// After a change of the members: what the old ones have left for this receiver comes first. They
// are closed, the oldest first.
bool Destination::HasPredecessor() {
  if (!waits_) return false;
  const MonotonicTime now = clock_.MonotonicNow();
  if (now < waits_until_) return true;
  waits_until_ = now + kLedgerInterval;
  const std::vector<buffer::DestinationProgress> all = log_.AllProgress();
  const auto own = std::find_if(all.begin(), all.end(),
                                [this](const auto& each) { return each.name == config_.name; });
  waits_ = own != all.end() && std::any_of(all.begin(), all.end(), [&](const auto& each) {
             const bool is_older =
                 each.closed_at != 0 && (own->closed_at == 0 || each.closed_at < own->closed_at);
             return is_older && IsOfOurReceiver(each);
           });
  return waits_;
}

// Whether it has anything left for the receiver of this shard.
bool Destination::IsOfOurReceiver(const buffer::DestinationProgress& other) const {
  if (buffer::ParseBranchName(other.name) || other.ledger.pending + other.ledger.branched == 0) {
    return false;
  }
  const auto own = ParseShardName(config_.name);
  const auto old = ParseShardName(other.name);
  if (!own || !old || old->group != own->group) return false;
  return SuccessorOf(old->sharding.self(), own->sharding.members()) == own->sharding.self();
}

void Destination::EndLeaving() {
  const auto progress = log_.Progress(config_.name);
  if (progress && progress->ledger.pending + progress->ledger.branched > 0) return;  // stopped
  if (const Status forgotten = log_.Forget(config_.name); !forgotten.ok()) {
    logger_.Warn("not forgotten", {{"error", forgotten.error().message}});
    return;
  }
  logger_.Info("removed destination has got all that was pending and is forgotten");
  metrics_.reset();
  gone_ = true;
}

// A failure is not the end: it is tried again, and sending goes on meanwhile.
void Destination::Acknowledge() {
  // Before what they speak of is let go.
  TakeRejections(Now());
  const Status status = delivery_.Acknowledge(Now());
  const bool failed = !status.ok();
  if (failed && !acknowledge_failed_) {
    logger_.Warn("progress not stored", {{"error", status.error().message}});
  }
  if (failed || delivery_.AllAcknowledged()) acknowledge_failed_ = failed;
}

std::string Destination::UrlFor(const std::string& tenant, size_t endpoint) const {
  const std::string& url = endpoints_.UrlOf(endpoint);
  return config_.tenant.is_on() ? TenantUrl(url, tenant) : url;
}

HttpRequest Destination::MakeRequest(const Transfer& transfer, size_t endpoint) const {
  HttpRequest request;
  request.method = "POST";
  request.url = UrlFor(transfer.tenant, endpoint);
  request.headers = ProtocolHeaders(transfer.encoding);
  if (!transfer.tenant.empty() && !config_.tenant.header.empty()) {
    request.headers.emplace_back(config_.tenant.header, transfer.tenant);
  }
  if (transfer.attempt > 0) {
    request.headers.emplace_back("Retry-Attempt", std::to_string(transfer.attempt));
  }
  request.headers.insert(request.headers.end(), config_.headers.begin(), config_.headers.end());
  request.body = transfer.body;
  request.timeout = config_.remote_timeout;
  request.client = config_.http_client;
  request.connection_age_max = std::chrono::ceil<std::chrono::seconds>(config_.max_connection_age);
  request.any_address = config_.round_robin_dns;
  // A 301 or 302 would turn the POST into a GET whose 200 acknowledges nothing.
  request.redirects_keep_method = true;
  return request;
}

void Destination::StartExchange(const Transfer& transfer) {
  latest_tenant_ = transfer.tenant;
  const MonotonicTime now = clock_.MonotonicNow();
  const size_t endpoint = endpoints_.Pick(now);
  auto exchange = std::make_unique<Exchange>(*this, transfer, endpoint, now);
  exchange->transfer = http_.Start(MakeRequest(transfer, endpoint), *exchange);
  exchanges_[transfer.job] = std::move(exchange);
}

void Destination::LogFailure(const Transfer& sent, const Answer& answer) {
  if (!config_.failed_request_logging) return;
  logger_.Debug("request failed", {{"status", answer.http_status},
                                   {"answer", answer.words},
                                   {"samples", sent.samples},
                                   {"bytes", sent.body->size()},
                                   {"protocol", EncodingName(sent.encoding)},
                                   {"attempt", sent.attempt}});
}

void Destination::AskForZstd() {
  HttpRequest request;
  const std::string url = UrlFor(latest_tenant_, endpoints_.Pick(clock_.MonotonicNow()));
  const bool has_query = url.find('?') != std::string::npos;
  request.url = url + (has_query ? '&' : '?') + "get_vm_proto_version=1";
  request.headers = config_.headers;
  request.timeout = config_.remote_timeout;
  request.client = config_.http_client;
  question_ = std::make_unique<Question>(*this);
  question_->transfer = http_.Start(std::move(request), *question_);
  delivery_.protocol().OnQuestion();
}

void Destination::OnExchangeDone(const Exchange& exchange, Answer answer) {
  const DeliveryTime time = Now();
  if (metrics_) metrics_->OnAnswer(answer.http_status, time.now - exchange.started_at);
  endpoints_.OnAnswer(exchange.endpoint, answer.http_status, time.now);
  const uint64_t job = exchange.sent.job;
  exchanges_.erase(job);
  delivery_.OnAnswer(job, std::move(answer), time);
}

void Destination::UpdateMetrics(const DeliveryView& view, DestinationState state,
                                const DeliveryTime& time) {
  metrics_->Update({.counters = delivery_.counters(),
                    .view = view,
                    .concurrency = delivery_.concurrency(),
                    .protocol = delivery_.protocol(),
                    .metadata = metadata_,
                    .state = state,
                    .wall_ms = time.wall_ms});
  if (time.now - ledger_read_at_ < kLedgerInterval) return;
  ledger_read_at_ = time.now;
  const auto progress = log_.ProgressWithBranches(config_.name);
  if (!progress) return;
  metrics_->UpdateLedger(*progress);
  catch_up_.Add(progress->ledger, time.now);
  metrics_->UpdateCatchUp(catch_up_.Estimate());
}

void Destination::Report(const DeliveryTime& time) {
  DeliveryView view = delivery_.View();
  AddBranches(view);
  DestinationState state = DestinationState::kIdle;
  if (view.paused) {
    state = DestinationState::kPaused;
  } else if (view.retrying) {
    state = DestinationState::kRetrying;
  } else if (view.oldest_pending_ms) {
    state = DestinationState::kSending;
  }
  if (metrics_) UpdateMetrics(view, state, time);
  ReportState(view, state);
  ReportProtocol();
  const MutexLock lock(mu_);
  status_.state = state;
  status_.last_error = view.last_error;
  status_.shards = delivery_.concurrency().active();
  status_.requests_in_flight = view.requests_in_flight;
  status_.samples_in_flight = view.samples_in_flight;
  status_.replaying = view.replaying;
  status_.catch_up = catch_up_.Estimate();
  status_.protocol = EncodingName(delivery_.protocol().Current());
  status_.protocol_fallback = delivery_.protocol().fallback_reason();
  status_.highest_sent_ms = view.highest_sent_ms;
  status_.tenants = view.tenants;
  status_.tenants_in_trouble = view.tenants_in_trouble;
  status_.troubles = view.troubles;
  const TimestampMs oldest_ms = view.oldest_pending_ms.value_or(time.wall_ms);
  status_.pending_seconds =
      static_cast<double>(std::max<TimestampMs>(0, time.wall_ms - oldest_ms)) / 1000;
  status_.quarantined_samples = quarantined_samples_;
}

void Destination::KeepInQuarantine(const Rejection& rejection, TimestampMs now) {
  const Status kept =
      quarantine_.Add(now, {.samples = rejection.samples,
                            .tenant = rejection.tenant,
                            .series = rejection.series,
                            .http_status = rejection.http_status,
                            .answer = rejection.words,
                            .protocol = std::string(EncodingName(rejection.encoding)),
                            .request = rejection.body});
  if (kept.ok()) {
    if (metrics_) metrics_->OnQuarantined(rejection.samples);
    quarantined_samples_ += rejection.samples;
  } else if (!quarantine_failed_) {
    logger_.Warn("quarantine not written", {{"error", kept.error().message}});
  }
  quarantine_failed_ = !kept.ok();
}

void Destination::TakeRejections(const DeliveryTime& time) {
  const std::vector<Rejection> rejections = delivery_.TakeRejections();
  for (const Rejection& each : rejections) {
    rejected_unlogged_ += each.samples;
    KeepInQuarantine(each, time.wall_ms);
  }
  if (rejections.empty() || time.now - rejection_logged_at_ < kRejectionLogInterval) return;
  rejection_logged_at_ = time.now;
  const Rejection& last = rejections.back();
  logger_.Error("samples dropped: the receiver refuses them",
                {{"samples", std::exchange(rejected_unlogged_, 0)},
                 {"status", last.http_status},
                 {"answer", last.words},
                 {"tenant", last.tenant},
                 {"series", last.series},
                 {"advice", "sluice buffer quarantine lists them, with its words"}});
}

void Destination::ReportProtocol() {
  const ProtocolChoice& protocol = delivery_.protocol();
  const std::string& reason = protocol.fallback_reason();
  const bool fell_back = protocol.fallbacks() != fallbacks_logged_;
  if (fell_back) {
    logger_.Warn("receiver does not understand the protocol",
                 {{"answer", reason}, {"protocol", EncodingName(protocol.Current())}});
  } else if (reason.empty() && !fallback_logged_.empty()) {
    logger_.Info("receiver understands the protocol",
                 {{"protocol", EncodingName(protocol.Current())}});
  }
  fallbacks_logged_ = protocol.fallbacks();
  fallback_logged_ = reason;
}

void Destination::ReportState(const DeliveryView& view, DestinationState state) {
  const std::string& read_error = delivery_.read_error();
  if (read_error != logged_problem_) {
    if (!read_error.empty()) logger_.Warn("buffer not readable", {{"error", read_error}});
    logged_problem_ = read_error;
  }
  // Between sending and idle it goes to and fro all the time.
  const auto is_bad = [](DestinationState s) {
    return s == DestinationState::kPaused || s == DestinationState::kRetrying;
  };
  if (state == logged_state_ || (!is_bad(state) && !is_bad(logged_state_))) return;
  logged_state_ = state;
  if (state == DestinationState::kPaused) {
    logger_.Error("destination paused: its data is kept",
                  {{"error", view.last_error},
                   {"advice", "it refuses every request: check its URL and credentials"}});
  } else if (state == DestinationState::kRetrying) {
    logger_.Warn("destination fails: requests are retried", {{"error", view.last_error}});
  } else {
    logger_.Info("destination accepts requests again");
  }
}

}  // namespace sluice::remotewrite
