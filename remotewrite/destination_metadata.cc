// Requests of metadata, for remote write 1.0.

#include <utility>

#include "remotewrite/destination.h"
#include "remotewrite/response_policy.h"

namespace sluice::remotewrite {

namespace {

// What is kept of an answer, for the log line, and what is read of it at most.
constexpr size_t kWordsMax = 1'024;
constexpr uint64_t kAnswerMax = 1ULL << 20;

}  // namespace

// A batch of metadata.
class Destination::MetadataExchange final : public HttpHandler {
 public:
  explicit MetadataExchange(Destination& destination) : destination_(destination) {}

  bool OnHead(const HttpResponseHead& /*head*/) override { return true; }

  bool OnBody(std::string_view bytes) override {
    size_ += bytes.size();
    answer_.words.append(bytes.substr(0, kWordsMax - answer_.words.size()));
    return size_ <= kAnswerMax;
  }

  void OnDone(const HttpOutcome& outcome) override {
    answer_.http_status = outcome.http_status;
    if (outcome.http_status == 0 && !outcome.status.ok()) {
      answer_.words = outcome.status.error().message;
    }
    destination_.OnMetadataAnswered(std::exchange(answer_, {}));  // destroys this
  }

 private:
  Destination& destination_;
  Answer answer_;
  uint64_t size_ = 0;
};

// Families are nobody's, so where there are tenants they are not sent; and a branch leaves them to
// its destination.
bool Destination::SendsMetadata() const {
  return config_.metadata.send && !config_.tenant.is_on() && !is_branch_;
}

// Only while samples are accepted: it is worth nothing without them.
void Destination::SendMetadata() {
  if (metadata_exchange_ != nullptr || !SendsMetadata()) return;
  const MonotonicTime now = clock_.MonotonicNow();
  const Encoding encoding{.message = Message::kV1};
  if (metadata_.IsDue(now) && delivery_.IsAccepted() &&
      delivery_.protocol().Current().message == Message::kV1) {
    metadata_.Begin(families_.Current(), now);
  }
  std::shared_ptr<const std::string> body = metadata_.Next();
  if (body == nullptr) return;
  HttpRequest request = MakeRequest({.tenant = {}, .encoding = encoding, .body = std::move(body)},
                                    endpoints_.Pick(now));
  metadata_exchange_ = std::make_unique<MetadataExchange>(*this);
  metadata_transfer_ = http_.Start(std::move(request), *metadata_exchange_);
}

void Destination::OnMetadataAnswered(const Answer& answer) {
  metadata_exchange_.reset();
  metadata_.OnAnswer(answer.http_status);
  const bool failed = ClassifyResponse(answer.http_status) != Verdict::kAccepted;
  if (failed && !metadata_failed_) {
    logger_.Warn("metadata not accepted: it is sent again with the next interval",
                 {{"status", answer.http_status}, {"answer", answer.words}});
  }
  metadata_failed_ = failed;
}

}  // namespace sluice::remotewrite
