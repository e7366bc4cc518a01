// A page over several scrapes, as a receiver sees it.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "proto/histogram_codec.h"
#include "proto/histogram_text.h"
#include "scrape/page.h"

namespace sluice::scrape::test {

// A target of which a receiver sees sorted lines, without the report.
class PageTarget {
 public:
  using Lines = std::vector<std::string>;

  static constexpr TimestampMs kStart = 1'700'000'000'000;
  static constexpr TimestampMs kIntervalMs = 15'000;

  explicit PageTarget(SeriesRules rules) : page_(std::move(rules), {MakeReportChunk()}) {}

  Lines Scrape(PageFormat format, std::string_view body, size_t piece_bytes = SIZE_MAX) {
    now_ms_ += kIntervalMs;
    error_.clear();
    page_.Begin(now_ms_, now_ms_);
    if (!body.empty()) page_.SetFormat(format);
    for (size_t at = 0; at < body.size();) {
      const std::string_view piece = body.substr(at, piece_bytes);
      at += piece.size();
      const Status status = page_.Feed(piece);
      if (!status.ok()) return Fail(status.error());
    }
    const auto result = page_.Succeed({});
    return result.ok() ? LinesOf(*result) : Fail(result.error());
  }

  const std::string& error() const { return error_; }

  const SampleCounts& counts() const { return counts_; }

  const Page& page() const { return page_; }

  // Of the last scrape.
  const Lines& exemplars() const { return exemplars_; }

  // Of the next scrape.
  TimestampMs next_ms() const { return now_ms_ + kIntervalMs; }

  // Of the series with this text: name, type, help and unit.
  std::string FamilyOf(std::string_view series) {
    for (const auto& [text, family] : SeriesOf(*page_.layout(), {})) {
      if (text == series) return family;
    }
    return "(none)";
  }

 private:
  Lines Fail(const Error& error) {
    error_ = error.message;
    return LinesOf(page_.Fail(Page::Failure::kContent, {}));
  }

  // Histograms as text.
  Lines LinesOf(const PageResult& result) {
    counts_ = result.counts;
    exemplars_ = ExemplarsOf(result.frames, {}, now_ms_);
    const std::map<std::string, std::string> histograms = HistogramsOf(result.frames);
    Lines lines;
    for (const Seen& seen : SamplesOf(result.frames, {})) {
      const bool is_report = seen.series.starts_with("{__name__=\"up\"") ||
                             seen.series.starts_with("{__name__=\"scrape_");
      if (is_report) continue;
      const auto found = histograms.find(seen.series);
      const std::string at = " @" + std::to_string(seen.timestamp_ms - now_ms_);
      lines.push_back(found != histograms.end()
                          ? seen.series + " " + found->second + at
                          : Describe(seen.timestamp_ms - now_ms_, seen.series, seen.value_bits));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  static std::map<std::string, std::string> HistogramsOf(const std::vector<PageFrame>& frames) {
    std::map<std::string, std::string> histograms;
    for (const PageFrame& frame : frames) {
      const auto series = SeriesOf(*frame.layout, {});
      for (const buffer::FrameHistogram& stored : frame.histograms) {
        proto::NativeHistogram histogram;
        REQUIRE(proto::DecodeHistogram(stored.bytes, histogram).ok());
        histograms[series[stored.series].first] = proto::HistogramText(histogram);
      }
    }
    return histograms;
  }

  Page page_;
  TimestampMs now_ms_ = kStart;
  std::string error_;
  SampleCounts counts_;
  Lines exemplars_;
};

}  // namespace sluice::scrape::test
