// Writes the series of a request in the protocol that a destination speaks.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/frame.h"
#include "proto/body_compressor.h"
#include "proto/symbol_pool.h"
#include "proto/write_request.h"
#include "proto/write_request_v2.h"
#include "remotewrite/projection.h"
#include "remotewrite/protocol.h"

namespace sluice::remotewrite {

// A series of a projection.
struct SeriesAt {
  const Projection* projection = nullptr;
  size_t index = 0;
};

// Keeps its memory. Bound to one thread.
class EntryWriter {
 public:
  // `symbols` null: only remote write 1.0 is asked for. Else the pool of all projections.
  explicit EntryWriter(const std::shared_ptr<proto::SymbolPool>& symbols);

  void Begin(const Encoding& encoding);

  // Custom buckets have no place in remote write 1.0.
  bool TakesCustomBuckets() const { return is_v2_; }

  bool TakesStarts() const { return is_v2_; }

  // One entry: samples or histograms, in ascending order of time.
  void Add(const SeriesAt& series, std::span<const proto::SampleView> samples) {
    if (is_v2_) {
      AddV2(series, samples, {});
    } else if (series.projection->is_whole()) {
      v1_.AddSeries(series.projection->LabelsOf(series.index), samples);
    } else if (series.projection->is_encoded()) {
      series.projection->PiecesOf(series.index, pieces_);
      v1_.AddSeries(pieces_, samples);
    } else {
      AddV1(series, samples, {});
    }
  }

  // The same with the exemplars that were added since the last one.
  void Add(const SeriesAt& series, std::span<const proto::SampleView> samples,
           std::span<const proto::HistogramView> histograms);
  void AddExemplar(const buffer::FrameExemplar& exemplar);

  // The body; valid until Begin().
  std::string_view Finish();

 private:
  void AddV1(const SeriesAt& series, std::span<const proto::SampleView> samples,
             std::span<const proto::HistogramView> histograms);
  void AddV2(const SeriesAt& series, std::span<const proto::SampleView> samples,
             std::span<const proto::HistogramView> histograms);

  Encoding encoding_;
  bool is_v2_ = false;
  std::string exemplars_;
  std::string labels_;                    // scratch
  std::vector<std::string_view> pieces_;  // scratch

  proto::RequestWriter v1_;

  // Null and empty when there is no pool.
  std::unique_ptr<proto::RequestWriterV2> v2_;
  std::unique_ptr<proto::SymbolLease> exemplar_symbols_;  // of the request
  std::vector<proto::Symbol> exemplar_labels_;            // scratch

  proto::SnappyCompressor snappy_;
  proto::ZstdCompressor zstd_;
};

}  // namespace sluice::remotewrite
