// Reads the frames of a page back into what a receiver would see.
#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "buffer/chunk.h"
#include "buffer/frame.h"
#include "relabel/labels.h"
#include "scrape/page.h"

namespace sluice::scrape::test {

// One sample as a receiver gets it; stale markers are values, too.
struct Seen {
  std::string series;
  TimestampMs timestamp_ms = 0;
  uint64_t value_bits = 0;

  friend auto operator<=>(const Seen&, const Seen&) = default;
};

inline std::string Describe(TimestampMs timestamp_ms, const std::string& series, uint64_t bits) {
  const double value = std::bit_cast<double>(bits);
  const std::string text =
      bits == buffer::kStaleNanBits ? "stale" : Catch::Detail::stringify(value);
  return series + " " + text + " @" + std::to_string(timestamp_ms);
}

// The series of a layout for a target with these labels, each with its family as text.
inline std::vector<std::pair<std::string, std::string>> SeriesOf(const buffer::Layout& layout,
                                                                 const relabel::Labels& target) {
  std::vector<std::pair<std::string, std::string>> series;
  for (const auto& chunk : layout.chunks) {
    auto decoded = buffer::DecodedChunk::Decode(chunk->stored);
    REQUIRE(decoded.ok());
    REQUIRE(decoded->series.size() == chunk->series_count);
    for (const buffer::SeriesView& view : decoded->series) {
      relabel::LabelsBuilder builder(target);
      for (const std::string_view name : view.unset) builder.Delete(name);
      for (const buffer::LabelView& label : view.set) builder.Set(label.name, label.value);
      const buffer::FamilyView& family = decoded->families[view.family];
      std::string text(family.name);
      text.append("|").append(std::to_string(static_cast<int>(family.type))).append("|");
      text.append(family.help);
      if (!family.unit.empty()) text.append("|").append(family.unit);
      series.emplace_back(builder.Build().ToString(), text);
    }
  }
  REQUIRE(series.size() == layout.series_count);
  return series;
}

// All samples of the frames in their order.
inline std::vector<Seen> SamplesOf(const std::vector<PageFrame>& frames,
                                   const relabel::Labels& target) {
  std::vector<Seen> samples;
  for (const PageFrame& frame : frames) {
    const auto series = SeriesOf(*frame.layout, target);
    REQUIRE((frame.present.empty() || frame.present.size() == series.size()));
    if (frame.kind == buffer::FrameKind::kSamples) {
      REQUIRE(frame.values.size() == series.size());
      REQUIRE((frame.timestamps.empty() || frame.timestamps.size() == series.size()));
    }
    for (size_t i = 0; i < series.size(); ++i) {
      if (!frame.present.empty() && frame.present[i] == 0) continue;
      if (frame.kind == buffer::FrameKind::kStale) {
        samples.push_back({series[i].first, frame.timestamp_ms, buffer::kStaleNanBits});
        continue;
      }
      const bool own = !frame.timestamps.empty() && frame.timestamps[i] != buffer::kNoTimestamp;
      samples.push_back({series[i].first, own ? frame.timestamps[i] : frame.timestamp_ms,
                         std::bit_cast<uint64_t>(frame.values[i])});
    }
  }
  return samples;
}

inline std::string DescribeExemplar(const std::string& series, const ExemplarView& exemplar,
                                    TimestampMs timestamp_ms) {
  std::string text = series + " #";
  for (const buffer::LabelView& label : exemplar.labels) {
    text.append(" ").append(label.name).append("=").append(label.value);
  }
  return text + " " + Catch::Detail::stringify(exemplar.value) + " @" +
         std::to_string(timestamp_ms);
}

// All exemplars of the frames, as the log gives them back, at their times since `origin_ms`.
inline std::vector<std::string> ExemplarsOf(const std::vector<PageFrame>& frames,
                                            const relabel::Labels& target,
                                            TimestampMs origin_ms = 0) {
  std::vector<std::string> lines;
  for (const PageFrame& frame : frames) {
    buffer::FrameEncoder encoder;
    buffer::FrameDecoder decoder;
    buffer::DecodedFrame decoded;
    const auto stored = encoder.Encode(frame.Columns());
    REQUIRE(decoder.Decode(stored, frame.layout->series_count, decoded).ok());
    const auto series = SeriesOf(*frame.layout, target);
    for (const buffer::FrameExemplar& exemplar : decoded.exemplars) {
      const ExemplarView view{.labels = {exemplar.labels.begin(), exemplar.labels.end()},
                              .value = exemplar.value};
      lines.push_back(
          DescribeExemplar(series[exemplar.series].first, view, exemplar.timestamp_ms - origin_ms));
    }
  }
  return lines;
}

}  // namespace sluice::scrape::test
