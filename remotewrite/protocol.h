// Which protocol a destination is spoken to with: remote write 2.0 where it is wanted and
// understood, zstd where the receiver says that it takes it, else remote write 1.0 with snappy.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sluice::remotewrite {

enum class Message : uint8_t {
  kV1,  // prometheus.WriteRequest
  kV2,  // io.prometheus.write.v2.Request
};

enum class Compression : uint8_t { kSnappy, kZstd };

// How a request is written. zstd is VictoriaMetrics's variant of remote write 1.0, and of no other.
struct Encoding {
  Message message = Message::kV1;
  Compression compression = Compression::kSnappy;

  friend bool operator==(const Encoding&, const Encoding&) = default;
};

// "2.0", "1.0", "1.0 zstd".
std::string_view EncodingName(const Encoding& encoding);

struct ProtocolConfig {
  enum class CompressionChoice : uint8_t {
    kAuto,  // the receiver is asked
    kSnappy,
    kZstd,
  };

  Message message = Message::kV1;
  CompressionChoice compression = CompressionChoice::kAuto;
};

// What the X-Prometheus-Remote-Write-*-Written headers of an answer say.
struct WrittenCounts {
  std::optional<uint64_t> samples;
  std::optional<uint64_t> histograms;
  std::optional<uint64_t> exemplars;

  bool any() const { return samples || histograms || exemplars; }
};

// Falls back to what every receiver understands, and tries again later. Pure.
//
// A receiver does not understand 2.0 when it answers 415, or 2xx without any Written header (it
// read the request as 1.0, where all fields of 2.0 are unknown, and so has nothing of it), or, as
// long as it has not accepted any, 400.
class ProtocolChoice {
 public:
  static constexpr std::chrono::minutes kTryAgainAfter{60};
  static constexpr std::chrono::seconds kAskAgainAfter{60};  // when there was no clear answer

  explicit ProtocolChoice(const ProtocolConfig& config) : config_(config) {}

  // For the next request. One at a time finds out whether a receiver has learned 2.0.
  Encoding Next(MonotonicTime now) const;
  void OnSent(const Encoding& sent);

  // What it is but for such trials.
  Encoding Current() const;

  struct Answer {
    int http_status = 0;  // 0: none came
    WrittenCounts written;
    std::string_view words;
  };

  enum class Step {
    kNone,
    kResend,  // the same again, in the encoding that Next() says: the receiver has nothing of it
  };
  Step OnAnswer(const Encoding& sent, const Answer& answer, MonotonicTime now);

  // Whether to ask the receiver, which accepts 1.0, if it takes zstd: VictoriaMetrics answers
  // ?get_vm_proto_version=1 with the number.
  bool WantsQuestion(MonotonicTime now) const;

  void OnQuestion() { question_open_ = true; }

  void OnQuestionAnswered(int http_status, std::string_view words, MonotonicTime now);

  // Why it is not what the configuration would like; empty when it is.
  const std::string& fallback_reason() const { return reason_; }

  uint64_t fallbacks() const { return fallbacks_; }

 private:
  enum class Trust { kUnknown, kAccepted, kRefused };

  Step FallBackFromV2(const Answer& answer, MonotonicTime now);
  Step FallBackFromZstd(const Answer& answer, MonotonicTime now);

  ProtocolConfig config_;

  Trust v2_ = Trust::kUnknown;
  MonotonicTime v2_again_at_{};
  bool v2_trial_ = false;  // in flight, after a refusal

  bool v1_accepted_ = false;
  bool zstd_offered_ = false;
  bool zstd_accepted_ = false;
  bool question_open_ = false;
  MonotonicTime ask_at_{};

  std::string reason_;
  uint64_t fallbacks_ = 0;
};

}  // namespace sluice::remotewrite
