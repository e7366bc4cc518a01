// Exposition text from a target: whatever it holds, and however it is cut, a page with a past and
// pieces of any size must come to the same end as one that reads it whole and for the first time.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scrape/page.h"

namespace {

using sluice::scrape::MakeReportChunk;
using sluice::scrape::Page;
using sluice::scrape::PageResult;
using sluice::scrape::SeriesRules;

constexpr int64_t kIntervalMs = 15'000;

void Check(bool holds) {
  if (!holds) std::abort();
}

SeriesRules Rules() {
  SeriesRules rules;
  rules.target_labels = {{"instance", "i"}, {"job", "j"}};
  return rules;
}

struct Ending {
  bool ok = false;
  PageResult result;
};

Ending Scrape(Page& page, std::string_view body, size_t piece_size, int64_t now_ms) {
  page.Begin(now_ms, now_ms);
  bool fed = true;
  while (fed && !body.empty()) {
    const std::string_view piece = body.substr(0, piece_size);
    // Of exactly this size, so that reading past it shows.
    const auto bytes = std::make_unique<char[]>(piece.size());
    piece.copy(bytes.get(), piece.size());
    fed = page.Feed({bytes.get(), piece.size()}).ok();
    body.remove_prefix(piece.size());
  }
  if (fed) {
    auto result = page.Succeed({});
    if (result.ok()) return {.ok = true, .result = std::move(*result)};
  }
  return {.ok = false, .result = page.Fail(Page::Failure::kContent, {})};
}

void CheckFrames(const PageResult& result) {
  for (const auto& frame : result.frames) {
    if (frame.kind == sluice::buffer::FrameKind::kStale) continue;
    Check(frame.values.size() == frame.layout->series_count);
  }
}

}  // namespace

// The input is a body, a NUL NUL, and the body of the next scrape.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t middle = input.find(std::string_view("\0\0", 2));
  const std::string_view first = input.substr(0, middle);
  const std::string_view second =
      middle == std::string_view::npos ? first : input.substr(middle + 2);
  const auto report = MakeReportChunk();
  Page page(Rules(), {report});
  Page cut(Rules(), {report});
  int64_t now_ms = 1'000'000;
  for (const std::string_view body : {first, second, second, first}) {
    now_ms += kIntervalMs;
    const Ending whole = Scrape(page, body, body.size() + 1, now_ms);
    const Ending pieces = Scrape(cut, body, body.size() % 7 + 1, now_ms);
    CheckFrames(whole.result);
    Check(whole.ok == pieces.ok);
    Check(whole.result.counts.scraped == pieces.result.counts.scraped);
    Check(whole.result.frames.size() == pieces.result.frames.size());
    for (size_t i = 0; i < whole.result.frames.size(); ++i) {
      Check(whole.result.frames[i].layout->id == pieces.result.frames[i].layout->id);
    }
    Page fresh(Rules(), {report});
    const Ending anew = Scrape(fresh, body, body.size() + 1, now_ms);
    Check(whole.ok == anew.ok);
    if (whole.ok) Check(whole.result.counts.post_relabel == anew.result.counts.post_relabel);
  }
  return 0;
}
