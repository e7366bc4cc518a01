// Writes the series of a request in the protocol that a destination speaks.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/frame.h"
#include "proto/body_compressor.h"
#include "proto/snappy_block.h"
#include "proto/symbol_pool.h"
#include "proto/write_request.h"
#include "proto/write_request_v2.h"
#include "remotewrite/frame_template.h"
#include "remotewrite/projection.h"
#include "remotewrite/protocol.h"
#include "remotewrite/v1_writer.h"

namespace sluice::remotewrite {

// Keeps its memory. Bound to one thread.
class EntryWriter {
 public:
  // `symbols` null: only remote write 1.0 is asked for. Else the pool of all projections.
  explicit EntryWriter(const std::shared_ptr<proto::SymbolPool>& symbols);

  void Begin(const Encoding& encoding);

  // Custom buckets have no place in remote write 1.0.
  bool TakesCustomBuckets() const { return is_v2_; }

  bool TakesStarts() const { return is_v2_; }

  // Whether frames can be added by their templates.
  bool TakesTemplates() const { return !is_v2_ && encoding_.compression == Compression::kSnappy; }

  // A whole frame. `values`: of the series that are sent.
  void Add(const FrameTemplate& frame, std::span<const double> values, TimestampMs timestamp_ms,
           const TargetText& target);

  // One entry: samples or histograms, in ascending order of time.
  void Add(const SeriesAt& series, std::span<const proto::SampleView> samples) {
    if (is_v2_) {
      AddV2(series, samples, {});
    } else {
      v1_.Add(series, samples);
    }
  }

  // The same with the exemplars that were added since the last one.
  void Add(const SeriesAt& series, std::span<const proto::SampleView> samples,
           std::span<const proto::HistogramView> histograms);
  void AddExemplar(const buffer::FrameExemplar& exemplar);

  // The body; valid until Begin(). Nothing may be added.
  std::string_view Finish();

 private:
  void AddV2(const SeriesAt& series, std::span<const proto::SampleView> samples,
             std::span<const proto::HistogramView> histograms);

  Encoding encoding_;
  bool is_v2_ = false;
  std::string exemplars_;
  std::string labels_;  // scratch

  V1Writer v1_;

  // Null and empty when there is no pool.
  std::unique_ptr<proto::RequestWriterV2> v2_;
  std::unique_ptr<proto::SymbolLease> exemplar_symbols_;  // of the request
  std::vector<proto::Symbol> exemplar_labels_;            // scratch

  proto::SnappyBlock block_;  // what was added before v1_, compressed
  proto::ZstdCompressor zstd_;
};

}  // namespace sluice::remotewrite
