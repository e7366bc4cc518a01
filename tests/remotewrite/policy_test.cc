#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "base/public_url.h"
#include "remotewrite/backoff.h"
#include "remotewrite/concurrency.h"
#include "remotewrite/refusals.h"
#include "remotewrite/response_policy.h"

namespace sluice::remotewrite {
namespace {

using std::chrono::milliseconds;

TEST_CASE("each status of an answer has its meaning", "[remotewrite]") {
  for (const int status : {200, 201, 202, 204, 299}) {
    CHECK(ClassifyResponse(status) == Verdict::kAccepted);
  }
  for (const int status : {0, 408, 429, 500, 501, 502, 503, 504, 599}) {
    CHECK(ClassifyResponse(status) == Verdict::kRetry);
  }
  for (const int status : {400, 409, 413, 422}) {
    CHECK(ClassifyResponse(status) == Verdict::kRefused);
  }
  for (const int status : {100, 300, 301, 302, 307, 308, 401, 402, 403, 404, 405, 406, 410, 411,
                           414, 415, 418, 431, 451}) {
    CHECK(ClassifyResponse(status) == Verdict::kPaused);
  }
}

// Rows of the table of answers in docs/configuration.md: statuses -> class.
struct AnswerRow {
  std::vector<std::pair<int, int>> ranges;
  bool all_others = false;
  std::string verdict;
};

std::vector<AnswerRow> DocumentedAnswers() {
  std::ifstream file(SLUICE_CONFIGURATION_DOC);
  REQUIRE(file);
  std::vector<AnswerRow> rows;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("### ", 0) == 0) inside = line == "### Answers";
    const bool is_row = line.rfind("| ", 0) == 0 && line.rfind("| status ", 0) != 0;
    if (!inside || !is_row) continue;
    const size_t end = line.find(" | ");
    const std::string statuses = line.substr(2, end - 2);
    AnswerRow& row = rows.emplace_back();
    row.verdict = line.substr(end + 3, line.find(" | ", end + 3) - end - 3);
    row.all_others = statuses == "all others";
    if (statuses.rfind("none", 0) == 0) row.ranges.emplace_back(0, 0);
    // `200`-`299`, `408`
    for (size_t at = statuses.find('`'); at != std::string::npos; at = statuses.find('`', at)) {
      const int status = std::stoi(statuses.substr(at + 1));
      const size_t close = statuses.find('`', at + 1);
      if (at > 0 && statuses[at - 1] == '-') {
        row.ranges.back().second = status;
      } else {
        row.ranges.emplace_back(status, status);
      }
      at = close + 1;
    }
  }
  return rows;
}

std::string_view NameOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAccepted:
      return "accepted";
    case Verdict::kRetry:
      return "retried";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kPaused:
      return "paused";
  }
  return "";
}

TEST_CASE("the documented table of answers is what every status means", "[remotewrite]") {
  const std::vector<AnswerRow> rows = DocumentedAnswers();
  REQUIRE(rows.size() == 4);
  for (int status = 0; status < 1000; status = std::max(100, status + 1)) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const AnswerRow& each) {
      const auto has = [&](const auto& range) {
        return status >= range.first && status <= range.second;
      };
      return each.all_others || std::any_of(each.ranges.begin(), each.ranges.end(), has);
    });
    REQUIRE(row != rows.end());
    CAPTURE(status);
    CHECK(row->verdict == NameOf(ClassifyResponse(status)));
  }
}

TEST_CASE("Retry-After is read as seconds or as a date, and otherwise ignored", "[remotewrite]") {
  constexpr TimestampMs kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT
  const auto expect = [&](std::string_view text, std::optional<milliseconds> want) {
    CAPTURE(text);
    CHECK(ParseRetryAfter(text, kNow) == want);
  };
  expect("120", milliseconds(120'000));
  expect("0", std::nullopt);
  expect("-1", std::nullopt);
  expect("", std::nullopt);
  expect("1.5", std::nullopt);
  expect("soon", std::nullopt);
  expect("999999999999999999999999", std::nullopt);
  expect("9999999999999", milliseconds(1'000'000'000'000));
  expect("Sun, 06 Nov 1994 08:49:38 GMT", milliseconds(1'000));
  expect("Sun, 06 Nov 1994 08:49:37 GMT", std::nullopt);
  expect("Sat, 05 Nov 1994 08:49:37 GMT", std::nullopt);
  expect("Mon, 07 Nov 1994 08:49:37 GMT", milliseconds(86'400'000));
  expect("Mon, 07 Nov 1994 08:49:37 CET", std::nullopt);
  expect("Mon, 31 Feb 1995 08:49:37 GMT", std::nullopt);
  expect("Mon, 07 Xyz 1995 08:49:37 GMT", std::nullopt);
  expect("Mon, 07 Nov 1995 24:49:37 GMT", std::nullopt);
}

TEST_CASE("backoff doubles up to its cap, and draws between half and whole", "[remotewrite]") {
  const BackoffLimits limits{milliseconds(30), milliseconds(60'000)};
  Rng rng(1);
  std::vector<int64_t> delays;
  for (uint32_t failures = 1; failures <= 10; ++failures) {
    delays.push_back(BackoffDelay(limits, failures, rng).count());
  }
  CHECK(delays == std::vector<int64_t>{23, 46, 65, 171, 394, 574, 1381, 2209, 4919, 3845});

  for (uint32_t failures = 1; failures < 100; ++failures) {
    int64_t whole = 30;
    for (uint32_t i = 1; i < failures && whole < 5'000; ++i) whole *= 2;
    whole = std::min<int64_t>(whole, 5'000);
    const int64_t delay = BackoffDelay(limits, failures, rng).count();
    CHECK(delay >= whole / 2);
    CHECK(delay <= whole);
  }
  CHECK(BackoffDelay({milliseconds(0), milliseconds(0)}, 1, rng).count() <= 1);
  CHECK(BackoffDelay(limits, UINT32_MAX, rng) <= kBackoffMax);
}

TEST_CASE("a wish of Retry-After is granted, never shortened below its cap", "[remotewrite]") {
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const milliseconds delay = RetryAfterDelay(milliseconds(10'000), rng);
    CHECK(delay >= milliseconds(10'000));
    CHECK(delay <= milliseconds(11'000));
    CHECK(RetryAfterDelay(std::chrono::hours(99), rng) <= kRetryAfterMax + kRetryAfterMax / 10);
  }
}

TEST_CASE("concurrency is earned one by one and lost by halves", "[remotewrite]") {
  using Fill = Concurrency::Fill;
  using Backlog = Concurrency::Backlog;
  const MonotonicTime t0{};
  Concurrency concurrency(2, 8);
  CHECK(concurrency.active() == 2);
  concurrency.OnSuccess(Fill::kPartial, Backlog::kWaiting, t0);
  concurrency.OnSuccess(Fill::kFull, Backlog::kNone, t0);
  CHECK(concurrency.active() == 2);
  for (int i = 0; i < 20; ++i) concurrency.OnSuccess(Fill::kFull, Backlog::kWaiting, t0);
  CHECK(concurrency.active() == 8);
  CHECK(concurrency.desired() == 9);  // more than is allowed
  concurrency.OnFailure();
  CHECK(concurrency.active() == 4);
  CHECK(concurrency.desired() == 4);
  concurrency.OnFailure();
  CHECK(concurrency.active() == 2);
  concurrency.OnSuccess(Fill::kFull, Backlog::kWaiting, t0);
  concurrency.OnSuccess(Fill::kFull, Backlog::kWaiting, t0);
  CHECK(concurrency.active() == 4);

  concurrency.OnTick(Backlog::kNone, t0 + std::chrono::seconds(1));
  CHECK(concurrency.active() == 4);
  concurrency.OnTick(Backlog::kWaiting, t0 + std::chrono::seconds(30));
  CHECK(concurrency.active() == 4);
  for (int s = 30; s < 200; ++s) concurrency.OnTick(Backlog::kNone, t0 + std::chrono::seconds(s));
  CHECK(concurrency.active() == 2);
}

TEST_CASE("a receiver that only refuses is not believed, until it accepts a witness",
          "[remotewrite]") {
  const MonotonicTime t0{};
  RefusalGuard guard;
  for (uint32_t i = 1; i < RefusalGuard::kStreakMax; ++i) guard.OnRefused();
  CHECK_FALSE(guard.IsSuspicious(t0));
  guard.OnAccepted();
  for (uint32_t i = 1; i < RefusalGuard::kStreakMax; ++i) guard.OnRefused();
  CHECK_FALSE(guard.IsSuspicious(t0));
  guard.OnRefused();
  CHECK(guard.IsSuspicious(t0));
  guard.OnWitnessAccepted(t0);
  for (uint32_t i = 0; i < 100; ++i) guard.OnRefused();
  CHECK_FALSE(guard.IsSuspicious(t0 + RefusalGuard::kTrust / 2));
  CHECK(guard.IsSuspicious(t0 + RefusalGuard::kTrust * 2));
}

TEST_CASE("the effort of splitting follows its yield", "[remotewrite]") {
  RefusalGuard guard;
  CHECK(guard.splits_allowed() == 512);
  for (int i = 0; i < 10; ++i) guard.OnJobEnd(RefusalGuard::JobEnd::kAllRefused);
  CHECK(guard.splits_allowed() == 1);
  guard.OnJobEnd(RefusalGuard::JobEnd::kSomeRefused);
  CHECK(guard.splits_allowed() == 2);
  for (int i = 0; i < 20; ++i) guard.OnJobEnd(RefusalGuard::JobEnd::kSomeRefused);
  CHECK(guard.splits_allowed() == 512);
}

TEST_CASE("credentials in a URL are not shown", "[remotewrite]") {
  CHECK(PublicUrl("http://host:9090/api/v1/write") == "http://host:9090/api/v1/write");
  CHECK(PublicUrl("https://me:secret@host/x?a=b@c") == "https://host/x?a=b@c");
  CHECK(PublicUrl("https://me:p@ss@host") == "https://host");
  CHECK(PublicUrl("https://host/x@y") == "https://host/x@y");
  CHECK(PublicUrl("me@host/x") == "host/x");
}

}  // namespace
}  // namespace sluice::remotewrite
