#include "remotewrite/protocol.h"

namespace sluice::remotewrite {

namespace {

using CompressionChoice = ProtocolConfig::CompressionChoice;

constexpr int kBadRequest = 400;
constexpr int kUnsupportedMediaType = 415;

bool IsAccepted(int http_status) { return http_status >= 200 && http_status < 300; }

std::string Describe(const ProtocolChoice::Answer& answer) {
  std::string text = "HTTP " + std::to_string(answer.http_status);
  if (IsAccepted(answer.http_status)) return text + " without a Written header";
  if (!answer.words.empty()) text.append(": ").append(answer.words);
  return text;
}

// A proxy's or an overloaded server's answer says nothing about what is behind it.
bool IsClear(int http_status) {
  return http_status != 0 && http_status != 401 && http_status != 403 && http_status != 408 &&
         http_status != 429 && http_status < 500;
}

}  // namespace

std::string_view EncodingName(const Encoding& encoding) {
  if (encoding.message == Message::kV2) return "2.0";
  return encoding.compression == Compression::kZstd ? "1.0 zstd" : "1.0";
}

Encoding ProtocolChoice::Next(MonotonicTime now) const {
  const bool is_trial_due = v2_ == Trust::kRefused && !v2_trial_ && now >= v2_again_at_;
  return is_trial_due ? Encoding{.message = Message::kV2} : Current();
}

Encoding ProtocolChoice::Current() const {
  if (config_.message == Message::kV2 && v2_ != Trust::kRefused) return {.message = Message::kV2};
  const bool zstd = config_.compression == CompressionChoice::kZstd ||
                    (config_.compression == CompressionChoice::kAuto && zstd_offered_);
  return {.compression = zstd ? Compression::kZstd : Compression::kSnappy};
}

void ProtocolChoice::OnSent(const Encoding& sent) {
  if (sent.message == Message::kV2 && v2_ == Trust::kRefused) v2_trial_ = true;
}

ProtocolChoice::Step ProtocolChoice::OnAnswer(const Encoding& sent, const Answer& answer,
                                              MonotonicTime now) {
  const int status = answer.http_status;
  if (sent.message == Message::kV2) {
    v2_trial_ = false;
    if (IsAccepted(status) && answer.written.any()) {
      v2_ = Trust::kAccepted;
      reason_.clear();
      return Step::kNone;
    }
    const bool unknown_to_it = status == kBadRequest && v2_ != Trust::kAccepted;
    if (IsAccepted(status) || status == kUnsupportedMediaType || unknown_to_it) {
      return FallBackFromV2(answer, now);
    }
    return Step::kNone;
  }
  v1_accepted_ = v1_accepted_ || IsAccepted(status);
  if (sent.compression != Compression::kZstd || config_.compression == CompressionChoice::kZstd) {
    return Step::kNone;
  }
  if (IsAccepted(status)) zstd_accepted_ = true;
  const bool unknown_to_it = status == kBadRequest && !zstd_accepted_;
  if (status == kUnsupportedMediaType || unknown_to_it) return FallBackFromZstd(answer, now);
  return Step::kNone;
}

ProtocolChoice::Step ProtocolChoice::FallBackFromV2(const Answer& answer, MonotonicTime now) {
  // Those that were in flight together count as one.
  if (v2_ != Trust::kRefused || now >= v2_again_at_) {
    ++fallbacks_;
    reason_ = "remote write 2.0: " + Describe(answer);
  }
  v2_ = Trust::kRefused;
  v2_again_at_ = now + kTryAgainAfter;
  return Step::kResend;
}

ProtocolChoice::Step ProtocolChoice::FallBackFromZstd(const Answer& answer, MonotonicTime now) {
  if (zstd_offered_) {
    ++fallbacks_;
    reason_ = "zstd: " + Describe(answer);
  }
  zstd_offered_ = false;
  zstd_accepted_ = false;
  ask_at_ = now + kTryAgainAfter;
  return Step::kResend;
}

bool ProtocolChoice::WantsQuestion(MonotonicTime now) const {
  return v1_accepted_ && config_.compression == CompressionChoice::kAuto && !zstd_offered_ &&
         !question_open_ && now >= ask_at_;
}

void ProtocolChoice::OnQuestionAnswered(int http_status, std::string_view words,
                                        MonotonicTime now) {
  question_open_ = false;
  if (IsAccepted(http_status) && words == "1") {
    zstd_offered_ = true;
    if (config_.message == Message::kV1) reason_.clear();
    return;
  }
  ask_at_ = now + (IsClear(http_status) ? std::chrono::seconds(kTryAgainAfter) : kAskAgainAfter);
}

}  // namespace sluice::remotewrite
