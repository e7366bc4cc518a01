// Which protocol is spoken, and what is written in headers about it.
#include "remotewrite/protocol.h"

#include <string>

#include <catch2/catch.hpp>

#include "remotewrite/protocol_headers.h"

namespace sluice::remotewrite::test {
namespace {

using CompressionChoice = ProtocolConfig::CompressionChoice;
using Step = ProtocolChoice::Step;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Encoding kV1;
constexpr Encoding kZstd{.compression = Compression::kZstd};
constexpr Encoding kV2{.message = Message::kV2};
constexpr MonotonicTime kStart{std::chrono::hours(1)};

ProtocolChoice WantingV2() { return ProtocolChoice({.message = Message::kV2}); }

ProtocolChoice::Answer Written(uint64_t samples) {
  return {.http_status = 204,
          .written = {.samples = samples, .histograms = {}, .exemplars = {}},
          .words = {}};
}

ProtocolChoice::Answer Plain(int status) {
  return {.http_status = status, .written = {}, .words = "words"};
}

}  // namespace

TEST_CASE("2.0 goes on while answers have Written headers", "[remotewrite]") {
  ProtocolChoice choice = WantingV2();
  CHECK(choice.Next(kStart) == kV2);
  CHECK(choice.OnAnswer(kV2, Written(3), kStart) == Step::kNone);
  CHECK(choice.Next(kStart) == kV2);
  CHECK(choice.fallback_reason().empty());
  CHECK(choice.fallbacks() == 0);
}

TEST_CASE("a Written header that says 0 is understanding, too", "[remotewrite]") {
  ProtocolChoice choice = WantingV2();
  CHECK(choice.OnAnswer(kV2, Written(0), kStart) == Step::kNone);
  CHECK(choice.Next(kStart) == kV2);
}

TEST_CASE("415, 2xx without Written headers and a first 400 fall back to 1.0", "[remotewrite]") {
  const int status = GENERATE(415, 200, 204, 400);
  CAPTURE(status);
  ProtocolChoice choice = WantingV2();
  CHECK(choice.OnAnswer(kV2, Plain(status), kStart) == Step::kResend);
  CHECK(choice.Next(kStart) == kV1);
  CHECK(choice.fallbacks() == 1);
  CHECK(choice.fallback_reason().find(std::to_string(status)) != std::string::npos);
}

TEST_CASE("other answers say nothing about the protocol", "[remotewrite]") {
  const int status = GENERATE(0, 301, 401, 404, 408, 413, 422, 429, 500, 503);
  CAPTURE(status);
  ProtocolChoice choice = WantingV2();
  CHECK(choice.OnAnswer(kV2, Plain(status), kStart) == Step::kNone);
  CHECK(choice.Next(kStart) == kV2);
}

TEST_CASE("400 from a receiver that has accepted 2.0 speaks about the samples", "[remotewrite]") {
  ProtocolChoice choice = WantingV2();
  choice.OnAnswer(kV2, Written(1), kStart);
  CHECK(choice.OnAnswer(kV2, Plain(400), kStart) == Step::kNone);
  CHECK(choice.Next(kStart) == kV2);
  // Yet these two can have no other meaning.
  CHECK(choice.OnAnswer(kV2, Plain(204), kStart) == Step::kResend);
}

TEST_CASE("after an hour one request tries 2.0 again", "[remotewrite]") {
  ProtocolChoice choice = WantingV2();
  choice.OnAnswer(kV2, Plain(415), kStart);
  const MonotonicTime later = kStart + ProtocolChoice::kTryAgainAfter;
  CHECK(choice.Next(later - seconds(1)) == kV1);
  REQUIRE(choice.Next(later) == kV2);
  choice.OnSent(kV2);
  CHECK(choice.Next(later) == kV1);  // the others do not wait for it

  SECTION("and fails again") {
    CHECK(choice.OnAnswer(kV2, Plain(415), later) == Step::kResend);
    CHECK(choice.Next(later + minutes(1)) == kV1);
    CHECK(choice.Next(later + ProtocolChoice::kTryAgainAfter) == kV2);
    CHECK(choice.fallbacks() == 2);
  }
  SECTION("and gets no answer, so the next one tries") {
    CHECK(choice.OnAnswer(kV2, Plain(503), later) == Step::kNone);
    CHECK(choice.Next(later) == kV2);
  }
  SECTION("and is understood") {
    CHECK(choice.OnAnswer(kV2, Written(1), later) == Step::kNone);
    CHECK(choice.Next(later) == kV2);
    CHECK(choice.Current() == kV2);
    CHECK(choice.fallback_reason().empty());
  }
}

TEST_CASE("requests that were in flight together fall back once", "[remotewrite]") {
  ProtocolChoice choice = WantingV2();
  for (int i = 0; i < 5; ++i) {
    CHECK(choice.OnAnswer(kV2, Plain(204), kStart) == Step::kResend);
  }
  CHECK(choice.fallbacks() == 1);
}

TEST_CASE("zstd is used once a receiver that accepts 1.0 says that it takes it", "[remotewrite]") {
  ProtocolChoice choice({});
  CHECK(choice.Next(kStart) == kV1);
  CHECK_FALSE(choice.WantsQuestion(kStart));
  choice.OnAnswer(kV1, Plain(204), kStart);
  REQUIRE(choice.WantsQuestion(kStart));
  choice.OnQuestion();
  CHECK_FALSE(choice.WantsQuestion(kStart));  // one at a time
  CHECK(choice.Next(kStart) == kV1);
  choice.OnQuestionAnswered(200, "1", kStart);
  CHECK(choice.Next(kStart) == kZstd);
  CHECK_FALSE(choice.WantsQuestion(kStart));
}

TEST_CASE("a receiver that does not know the question is asked again in an hour", "[remotewrite]") {
  ProtocolChoice choice({});
  choice.OnAnswer(kV1, Plain(204), kStart);
  choice.OnQuestion();
  const auto [status, words] = GENERATE(table<int, std::string>(
      {{200, ""}, {200, "2"}, {200, "<html>1"}, {204, ""}, {400, "1"}, {404, ""}, {405, ""}}));
  CAPTURE(status, words);
  choice.OnQuestionAnswered(status, words, kStart);
  CHECK(choice.Next(kStart) == kV1);
  CHECK_FALSE(choice.WantsQuestion(kStart + minutes(59)));
  CHECK(choice.WantsQuestion(kStart + ProtocolChoice::kTryAgainAfter));
}

TEST_CASE("no answer to the question, or one about something else, is asked for again soon",
          "[remotewrite]") {
  ProtocolChoice choice({});
  choice.OnAnswer(kV1, Plain(204), kStart);
  choice.OnQuestion();
  const int status = GENERATE(0, 401, 429, 502);
  choice.OnQuestionAnswered(status, "", kStart);
  CHECK_FALSE(choice.WantsQuestion(kStart + seconds(59)));
  CHECK(choice.WantsQuestion(kStart + ProtocolChoice::kAskAgainAfter));
}

TEST_CASE("a receiver that takes no zstd after all gets snappy, and is asked again later",
          "[remotewrite]") {
  ProtocolChoice choice({});
  choice.OnAnswer(kV1, Plain(204), kStart);
  choice.OnQuestion();
  choice.OnQuestionAnswered(200, "1", kStart);
  const int status = GENERATE(400, 415);
  CHECK(choice.OnAnswer(kZstd, Plain(status), kStart) == Step::kResend);
  CHECK(choice.Next(kStart) == kV1);
  CHECK(choice.fallbacks() == 1);
  CHECK_FALSE(choice.WantsQuestion(kStart + minutes(59)));
  CHECK(choice.WantsQuestion(kStart + ProtocolChoice::kTryAgainAfter));
}

TEST_CASE("400 from a receiver that has accepted zstd speaks about the samples", "[remotewrite]") {
  ProtocolChoice choice({});
  choice.OnAnswer(kV1, Plain(204), kStart);
  choice.OnQuestionAnswered(200, "1", kStart);
  choice.OnAnswer(kZstd, Plain(204), kStart);
  CHECK(choice.OnAnswer(kZstd, Plain(400), kStart) == Step::kNone);
  CHECK(choice.OnAnswer(kZstd, Plain(415), kStart) == Step::kResend);
}

TEST_CASE("a compression that was chosen is neither asked about nor left", "[remotewrite]") {
  ProtocolChoice zstd({.compression = CompressionChoice::kZstd});
  CHECK(zstd.Next(kStart) == kZstd);
  CHECK(zstd.OnAnswer(kZstd, Plain(415), kStart) == Step::kNone);
  CHECK(zstd.Next(kStart) == kZstd);
  CHECK_FALSE(zstd.WantsQuestion(kStart));
  ProtocolChoice snappy({.compression = CompressionChoice::kSnappy});
  snappy.OnAnswer(kV1, Plain(204), kStart);
  CHECK_FALSE(snappy.WantsQuestion(kStart));
}

TEST_CASE("what fell back from 2.0 may still use zstd, and tries 2.0 again", "[remotewrite]") {
  ProtocolChoice choice = WantingV2();
  choice.OnAnswer(kV2, Plain(204), kStart);
  choice.OnAnswer(kV1, Plain(204), kStart);
  REQUIRE(choice.WantsQuestion(kStart));
  choice.OnQuestionAnswered(200, "1", kStart);
  CHECK(choice.Next(kStart) == kZstd);
  CHECK_FALSE(choice.fallback_reason().empty());
  CHECK(choice.Next(kStart + ProtocolChoice::kTryAgainAfter) == kV2);
}

TEST_CASE("requests have the headers of their protocol", "[remotewrite]") {
  CHECK(ProtocolHeaders(kV1) == HttpHeaders{{"Content-Type", "application/x-protobuf"},
                                            {"Content-Encoding", "snappy"},
                                            {"X-Prometheus-Remote-Write-Version", "0.1.0"}});
  CHECK(ProtocolHeaders(kV2) ==
        HttpHeaders{{"Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"},
                    {"Content-Encoding", "snappy"},
                    {"X-Prometheus-Remote-Write-Version", "2.0.0"}});
  CHECK(ProtocolHeaders(kZstd) == HttpHeaders{{"Content-Type", "application/x-protobuf"},
                                              {"Content-Encoding", "zstd"},
                                              {"X-VictoriaMetrics-Remote-Write-Version", "1"}});
}

TEST_CASE("Written headers are read, and nonsense in them is as if they were not there",
          "[remotewrite]") {
  const WrittenCounts counts = ReadWritten({{"content-length", "3"},
                                            {"x-prometheus-remote-write-samples-written", "12"},
                                            {"x-prometheus-remote-write-histograms-written", "-1"},
                                            {"x-prometheus-remote-write-exemplars-written", "0"}});
  CHECK(counts.samples == 12);
  CHECK_FALSE(counts.histograms.has_value());
  CHECK(counts.exemplars == 0);
  CHECK(counts.any());
  CHECK_FALSE(ReadWritten({{"x-prometheus-remote-write-samples-written", "1x"}}).any());
  CHECK_FALSE(ReadWritten({{"x-prometheus-remote-write-samples-written", ""}}).any());
}

}  // namespace sluice::remotewrite::test
