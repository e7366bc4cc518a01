#include "page_check.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "scrape/page.h"

namespace sluice::fuzz {
namespace {

using scrape::MakeReportChunk;
using scrape::Page;
using scrape::PageFormat;
using scrape::PageResult;
using scrape::SeriesRules;

constexpr int64_t kIntervalMs = 15'000;

void Check(bool holds) {
  if (!holds) std::abort();
}

SeriesRules RulesWith(const scrape::HistogramRules& histograms) {
  SeriesRules rules;
  rules.histograms = histograms;
  rules.target_labels = {{"instance", "i"}, {"job", "j"}};
  return rules;
}

struct Ending {
  bool ok = false;
  PageResult result;
};

// How pieces of a body come.
struct Delivery {
  PageFormat format;
  size_t piece_size;
  int64_t now_ms;
};

Ending Scrape(Page& page, std::string_view body, const Delivery& delivery) {
  page.Begin(delivery.now_ms, delivery.now_ms);
  page.SetFormat(delivery.format);
  bool fed = true;
  while (fed && !body.empty()) {
    const std::string_view piece = body.substr(0, delivery.piece_size);
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
    if (frame.kind == buffer::FrameKind::kStale) continue;
    Check(frame.values.size() == frame.layout->series_count);
  }
}

bool AreSame(const buffer::FrameHistogram& a, const buffer::FrameHistogram& b) {
  return a.series == b.series && a.bytes == b.bytes;
}

void CheckSame(const PageResult& a, const PageResult& b) {
  Check(a.counts.scraped == b.counts.scraped);
  Check(a.counts.malformed_histograms == b.counts.malformed_histograms);
  Check(a.frames.size() == b.frames.size());
  for (size_t i = 0; i < a.frames.size(); ++i) {
    Check(a.frames[i].layout->id == b.frames[i].layout->id);
    Check(a.frames[i].exemplars.size() == b.frames[i].exemplars.size());
    Check(std::equal(a.frames[i].histograms.begin(), a.frames[i].histograms.end(),
                     b.frames[i].histograms.begin(), b.frames[i].histograms.end(), AreSame));
  }
}

PageFormat Other(PageFormat format) {
  switch (format) {
    case PageFormat::kPrometheusText:
      return PageFormat::kOpenMetrics;
    case PageFormat::kOpenMetrics:
      return PageFormat::kProtobuf;
    case PageFormat::kProtobuf:
      break;
  }
  return PageFormat::kPrometheusText;
}

Bodies SplitBodies(std::string_view input) {
  const size_t middle = input.find(std::string_view("\0\0", 2));
  if (middle == std::string_view::npos) return {input, input};
  return {input.substr(0, middle), input.substr(middle + 2)};
}

scrape::HistogramRules TakeRules(std::string_view& input) {
  constexpr unsigned kBits = 3;
  scrape::HistogramRules rules;
  const unsigned bits = input.empty() ? 0 : static_cast<unsigned char>(input.front());
  if (bits == 0 || bits > kBits) return rules;
  input.remove_prefix(1);
  rules.to_custom_buckets = (bits & 1U) != 0;
  rules.always_classic = (bits & 2U) != 0;
  return rules;
}

}  // namespace

void CheckTexts(PageFormat format, std::string_view input) {
  const scrape::HistogramRules rules = TakeRules(input);
  CheckPages(format, SplitBodies(input), rules);
}

void CheckPages(PageFormat format, const Bodies& bodies, const scrape::HistogramRules& histograms) {
  const SeriesRules rules = RulesWith(histograms);
  const auto report = MakeReportChunk();
  Page page(rules, {report});
  Page cut(rules, {report});
  Page changing(rules, {report});
  int64_t now_ms = 1'000'000;
  for (const std::string_view body : {bodies.first, bodies.second, bodies.second, bodies.first}) {
    now_ms += kIntervalMs;
    const size_t all = body.size() + 1;
    const Ending whole = Scrape(page, body, {format, all, now_ms});
    const Ending pieces = Scrape(cut, body, {format, body.size() % 7 + 1, now_ms});
    CheckFrames(whole.result);
    Check(whole.ok == pieces.ok);
    CheckSame(whole.result, pieces.result);
    Page fresh(rules, {report});
    const Ending anew = Scrape(fresh, body, {format, all, now_ms});
    Check(whole.ok == anew.ok);
    if (whole.ok) Check(whole.result.counts.post_relabel == anew.result.counts.post_relabel);
    Scrape(changing, body, {Other(format), all, now_ms - 1});
    const Ending changed = Scrape(changing, body, {format, all, now_ms});
    CheckFrames(changed.result);
    Check(whole.ok == changed.ok);
  }
}

}  // namespace sluice::fuzz
