// From stored frames to the body of a request.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "buffer/frame.h"
#include "proto/write_request.h"
#include "remotewrite/job.h"

namespace sluice::remotewrite {

// Remote write 1.0, snappy. Keeps its scratch memory. Bound to one thread.
class PartEncoder {
 public:
  // Fills in body, samples and shares of `part`, which belongs to `job`. Frames that turn out to be
  // damaged are marked so and left out. With no samples the body is null.
  void Encode(Job& job, Part& part);

 private:
  void EncodeSlice(Job& job, const Slice& slice, Part& part);
  void EncodeSeries(std::string_view labels, size_t series);
  void Flush(std::string_view labels);

  buffer::FrameDecoder decoder_;
  std::vector<buffer::DecodedFrame> frames_;  // reused
  std::vector<FrameShare> shares_;            // one for each frame of the slice in work
  size_t frame_count_ = 0;
  std::vector<proto::SampleView> run_;
  proto::RequestWriter writer_;
  proto::SnappyCompressor compressor_;
};

}  // namespace sluice::remotewrite
