// From stored frames to the body of a request.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "buffer/frame.h"
#include "proto/write_request.h"
#include "remotewrite/destination_config.h"
#include "remotewrite/job.h"

namespace sluice::remotewrite {

// Remote write 1.0, snappy. Keeps its scratch memory. Bound to one thread.
//
// A histogram is sent as what the log holds of it plus its time. Exemplars travel with the sample
// of their series in the same frame; when that is not sent they have nothing to belong to, and
// count as unfit, as do those whose labels a receiver would refuse.
class PartEncoder {
 public:
  explicit PartEncoder(SendOptions send) : send_(send) {}

  // Fills in body, counts and shares of `part`, which belongs to `job`. Frames that turn out to be
  // damaged are marked so and left out. With no samples the body is null.
  void Encode(Job& job, Part& part);

 private:
  // How far the columns of a frame that few series have were walked.
  struct Cursor {
    size_t histogram = 0;
    size_t exemplar = 0;
  };

  // What a frame has for one series besides its value.
  struct Extras {
    const buffer::FrameHistogram* histogram = nullptr;
    std::span<const buffer::FrameExemplar> exemplars;
  };

  void DecodeFrames(Job& job, const Slice& slice);
  void EncodeSlice(Job& job, const Slice& slice, Part& part);
  void EncodeSeries(std::string_view labels, uint32_t series, Part& part);
  void EncodeSeriesWithExtras(std::string_view labels, uint32_t series, Part& part);
  Extras ExtrasOf(size_t frame, uint32_t series);
  std::optional<buffer::DropReason> WhyNotSent(std::string_view histogram_bytes) const;
  void StartEntry(std::string_view labels, TimestampMs timestamp_ms, bool is_histogram);
  void AddExemplars(std::span<const buffer::FrameExemplar> exemplars, Part& part);
  void Flush(std::string_view labels);
  void FlushSamples(std::string_view labels);

  const SendOptions send_;
  buffer::FrameDecoder decoder_;
  std::vector<buffer::DecodedFrame> frames_;  // reused
  std::vector<FrameShare> shares_;            // one for each frame of the slice in work
  std::vector<Cursor> cursors_;               // likewise
  size_t frame_count_ = 0;
  bool has_extras_ = false;  // any of the frames

  // The TimeSeries in work: samples or histograms.
  std::vector<proto::SampleView> samples_;
  std::vector<proto::HistogramView> histograms_;
  std::string exemplars_;
  std::string exemplar_labels_;

  proto::RequestWriter writer_;
  proto::SnappyCompressor compressor_;
};

}  // namespace sluice::remotewrite
