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

std::shared_ptr<proto::SymbolPool> SymbolsFor(const ProtocolConfig& protocol) {
  return protocol.message == Message::kV2 ? std::make_shared<proto::SymbolPool>() : nullptr;
}

}  // namespace

// One request and its answer.
class Destination::Exchange final : public HttpHandler {
 public:
  Exchange(Destination& destination, const Transfer& sent, MonotonicTime started_at)
      : destination_(destination), sent_(sent), started_at_(started_at) {}

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
    if (!accepted_) destination_.LogFailure(sent_, answer_);
    destination_.OnExchangeDone(sent_.job, std::move(answer_), started_at_);  // destroys this
  }

  HttpLoop::TransferId transfer = 0;

 private:
  Destination& destination_;
  const Transfer sent_;
  MonotonicTime started_at_;
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
      public_url_(PublicUrl(config_.url)),
      clock_(deps.clock),
      log_(deps.log),
      logger_(deps.logger.With({"remote_name", config_.name}).With({"url", public_url_})),
      source_(deps.log, config_.name),
      cache_(source_,
             {config_.external_labels, config_.write_relabel, SymbolsFor(config_.protocol)},
             options.projection_bytes_max),
      delivery_({.name = config_.name,
                 .queue = config_.queue,
                 .send = config_.send,
                 .replay = config_.replay,
                 .rate_limit = config_.rate_limit,
                 .thinning = config_.thinning,
                 .protocol = config_.protocol,
                 .external_labels = config_.external_labels,
                 .seed = std::random_device()()},
                source_, cache_),
      quarantine_(options.quarantine, config_.name),
      metrics_(std::in_place, deps.telemetry, config_.name, public_url_, config_.queue),
      http_(HttpLoopOptions{.max_idle_connections = kConnectionsMax,
                            .user_agent = options.user_agent}) {
  status_.name = config_.name;
  status_.url = public_url_;
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

DestinationStatus Destination::Snapshot() const {
  DestinationStatus status;
  {
    const MutexLock lock(mu_);
    status = status_;
  }
  if (auto progress = log_.Progress(config_.name)) status.progress = *std::move(progress);
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
  return delivery_.IsDrained();
}

void Destination::Run() {
  while (true) {
    delivery_.Tick(Now());
    if (IsTimeToEnd(Now())) break;
    while (const std::optional<Transfer> transfer = delivery_.NextTransfer(Now())) {
      StartExchange(*transfer);
    }
    if (delivery_.protocol().WantsQuestion(clock_.MonotonicNow())) AskForZstd();
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
  Acknowledge();
  ledger_read_at_ = MonotonicTime{};
  Report(Now());
  if (leaving_) EndLeaving();
}

void Destination::EndLeaving() {
  const auto progress = log_.Progress(config_.name);
  if (progress && progress->ledger.pending > 0) return;  // stopped before it was done
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

HttpRequest Destination::MakeRequest(const Transfer& transfer) const {
  HttpRequest request;
  request.method = "POST";
  request.url = config_.url;
  request.headers = ProtocolHeaders(transfer.encoding);
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
  auto exchange = std::make_unique<Exchange>(*this, transfer, clock_.MonotonicNow());
  exchange->transfer = http_.Start(MakeRequest(transfer), *exchange);
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
  const bool has_query = config_.url.find('?') != std::string::npos;
  request.url = config_.url + (has_query ? '&' : '?') + "get_vm_proto_version=1";
  request.headers = config_.headers;
  request.timeout = config_.remote_timeout;
  request.client = config_.http_client;
  question_ = std::make_unique<Question>(*this);
  question_->transfer = http_.Start(std::move(request), *question_);
  delivery_.protocol().OnQuestion();
}

void Destination::OnExchangeDone(uint64_t job, Answer answer, MonotonicTime started_at) {
  const DeliveryTime time = Now();
  metrics_->OnAnswer(answer.http_status, time.now - started_at);
  exchanges_.erase(job);
  delivery_.OnAnswer(job, std::move(answer), time);
}

void Destination::Report(const DeliveryTime& time) {
  const DeliveryView view = delivery_.View();
  DestinationState state = DestinationState::kIdle;
  if (view.paused) {
    state = DestinationState::kPaused;
  } else if (view.retrying) {
    state = DestinationState::kRetrying;
  } else if (view.oldest_pending_ms) {
    state = DestinationState::kSending;
  }
  metrics_->Update({.counters = delivery_.counters(),
                    .view = view,
                    .concurrency = delivery_.concurrency(),
                    .protocol = delivery_.protocol(),
                    .state = state,
                    .wall_ms = time.wall_ms});
  if (time.now - ledger_read_at_ >= kLedgerInterval) {
    ledger_read_at_ = time.now;
    if (const auto progress = log_.Progress(config_.name)) {
      metrics_->UpdateLedger(*progress);
      catch_up_.Add(progress->ledger, time.now);
      metrics_->UpdateCatchUp(catch_up_.Estimate());
    }
  }
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
}

void Destination::KeepInQuarantine(const Rejection& rejection, TimestampMs now) {
  const Status kept =
      quarantine_.Add(now, {.samples = rejection.samples,
                            .series = rejection.series,
                            .http_status = rejection.http_status,
                            .answer = rejection.words,
                            .protocol = std::string(EncodingName(rejection.encoding)),
                            .request = rejection.body});
  if (kept.ok()) {
    metrics_->OnQuarantined(rejection.samples);
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
                 {"series", last.series}});
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
    logger_.Error("destination paused: its data is kept", {{"error", view.last_error}});
  } else if (state == DestinationState::kRetrying) {
    logger_.Warn("destination fails: requests are retried", {{"error", view.last_error}});
  } else {
    logger_.Info("destination accepts requests again");
  }
}

}  // namespace sluice::remotewrite
