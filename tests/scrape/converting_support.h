// A target whose classic histograms become native ones, as a receiver sees it.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "page_support.h"
#include "proto/histogram_codec.h"
#include "scrape/page.h"

namespace sluice::scrape::test {

using Lines = std::vector<std::string>;

inline std::string Number(double value) { return Catch::Detail::stringify(value); }

// `count sum bound:bucket ...`, without empty buckets, of one with custom buckets.
inline std::string DescribeCustom(const proto::NativeHistogram& histogram) {
  REQUIRE(histogram.schema == proto::kCustomBucketsSchema);
  REQUIRE(histogram.negative.spans.empty());
  REQUIRE(proto::Validate(histogram).ok());
  const double total =
      histogram.is_float ? histogram.float_count : static_cast<double>(histogram.count);
  std::string text = Number(total) + " " + Number(histogram.sum);
  size_t bucket = 0;
  size_t at = 0;
  double delta_count = 0;
  for (const proto::BucketSpan& span : histogram.positive.spans) {
    at += static_cast<size_t>(span.offset);
    for (uint32_t i = 0; i < span.length; ++i, ++at, ++bucket) {
      if (!histogram.is_float) {
        delta_count += static_cast<double>(histogram.positive.deltas[bucket]);
      }
      const double count = histogram.is_float ? histogram.positive.counts[bucket] : delta_count;
      const auto& bounds = histogram.custom_values;
      if (count == 0) continue;
      text += " " +
              Number(at < bounds.size() ? bounds[at] : std::numeric_limits<double>::infinity()) +
              ":" + Number(count);
    }
  }
  return text;
}

// A target of which a receiver sees sorted lines, without the report.
class ConvertingTarget {
 public:
  explicit ConvertingTarget(bool always_classic, SeriesRules rules = {})
      : page_(With(rules, always_classic), {MakeReportChunk()}) {}

  Lines Scrape(PageFormat format, std::string_view body,
               const std::vector<size_t>& piece_sizes = {}) {
    now_ms_ += 15'000;
    error_.clear();
    page_.Begin(now_ms_, now_ms_);
    page_.SetFormat(format);
    for (size_t i = 0; !body.empty(); ++i) {
      const size_t size = i < piece_sizes.size() ? piece_sizes[i] : body.size();
      // An exact copy, so that a sanitizer sees reads past the piece.
      const std::string_view view = body.substr(0, size);
      const std::vector<char> piece(view.begin(), view.end());
      body.remove_prefix(piece.size());
      if (Status status = page_.Feed({piece.data(), piece.size()}); !status.ok()) {
        return Fail(status.error());
      }
    }
    const auto result = page_.Succeed({});
    return result.ok() ? LinesOf(*result) : Fail(result.error());
  }

  const std::string& error() const { return error_; }

  const SampleCounts& counts() const { return counts_; }

  // Of the last scrape.
  const Lines& exemplars() const { return exemplars_; }

  // Of the series with this text: name, type, help and unit.
  std::string FamilyOf(std::string_view series) {
    for (const auto& [text, family] : SeriesOf(*page_.layout(), {})) {
      if (text == series) return family;
    }
    return "(none)";
  }

 private:
  static SeriesRules With(SeriesRules rules, bool always_classic) {
    rules.histograms.to_custom_buckets = true;
    rules.histograms.always_classic = always_classic;
    return rules;
  }

  Lines Fail(const Error& error) {
    error_ = error.message;
    return LinesOf(page_.Fail(Page::Failure::kContent, {}));
  }

  Lines LinesOf(const PageResult& result) {
    counts_ = result.counts;
    exemplars_ = ExemplarsOf(result.frames, {}, now_ms_);
    const auto histograms = HistogramsOf(result.frames);
    Lines lines;
    for (const Seen& seen : SamplesOf(result.frames, {})) {
      const bool is_report = seen.series.starts_with("{__name__=\"up\"") ||
                             seen.series.starts_with("{__name__=\"scrape_");
      if (is_report) continue;
      const auto found = histograms.find(seen.series);
      const bool is_histogram =
          found != histograms.end() && seen.value_bits != buffer::kStaleNanBits;
      const std::string at = " @" + std::to_string(seen.timestamp_ms - now_ms_);
      lines.push_back(is_histogram
                          ? seen.series + " " + found->second + at
                          : Describe(seen.timestamp_ms - now_ms_, seen.series, seen.value_bits));
    }
    std::sort(lines.begin(), lines.end());
    return lines;
  }

  static std::map<std::string, std::string> HistogramsOf(const std::vector<PageFrame>& frames) {
    std::map<std::string, std::string> histograms;
    for (const PageFrame& frame : frames) {
      buffer::FrameEncoder encoder;
      buffer::FrameDecoder decoder;
      buffer::DecodedFrame decoded;
      const auto stored = encoder.Encode(frame.Columns());
      REQUIRE(decoder.Decode(stored, frame.layout->series_count, decoded).ok());
      const auto series = SeriesOf(*frame.layout, {});
      for (const buffer::FrameHistogram& found : decoded.histograms) {
        proto::NativeHistogram histogram;
        REQUIRE(proto::DecodeHistogram(found.bytes, histogram).ok());
        histograms[series[found.series].first] = DescribeCustom(histogram);
      }
    }
    return histograms;
  }

  Page page_;
  TimestampMs now_ms_ = 1'700'000'000'000;
  std::string error_;
  SampleCounts counts_;
  Lines exemplars_;
};

}  // namespace sluice::scrape::test
