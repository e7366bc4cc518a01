// From stored frames to the body of a request.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "buffer/frame.h"
#include "proto/write_request.h"
#include "remotewrite/destination_config.h"
#include "remotewrite/entry_writer.h"
#include "remotewrite/frame_templates.h"
#include "remotewrite/job.h"

namespace sluice::remotewrite {

// Decides what of the frames is sent; how, is up to EntryWriter. Keeps its scratch memory. Bound to
// one thread.
//
// A histogram is sent as what the log holds of it plus its time. Exemplars travel with the sample
// of their series in the same frame; when that is not sent they have nothing to belong to, and
// count as unfit, as do those whose labels a receiver would refuse.
class PartEncoder {
 public:
  // `symbols`: see EntryWriter.
  explicit PartEncoder(SendOptions send,
                       const std::shared_ptr<proto::SymbolPool>& symbols = nullptr,
                       uint64_t template_bytes_max = FrameTemplates::kBytesMax)
      : send_(send), symbols_(symbols), templates_(template_bytes_max), writer_(symbols) {}

  // Fills in body, encoding, counts and shares of `part`, which belongs to `job`. Frames that turn
  // out to be damaged are marked so and left out. With no samples the body is null.
  void Encode(Job& job, Part& part, const Encoding& encoding = {});

  // Fills in counts and shares alone, for a part that is not sent.
  void Count(Job& job, Part& part, const Encoding& encoding = {});

  // Lets go of frames that were kept because more than one part needs them. To be called when no
  // part of their set is to be encoded any more.
  void ForgetFrames();
  // The same, if they are of this set.
  void ForgetFrames(const FrameSet& set);

  // The body of a request with one sample of one series.
  std::shared_ptr<const std::string> EncodeOne(const relabel::Labels& labels,
                                               const proto::SampleView& sample,
                                               const Encoding& encoding);

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
  const buffer::DecodedFrame* Decode(JobFrame& frame, uint32_t series_count,
                                     buffer::DecodedFrame& into);
  const buffer::DecodedFrame* Recent(const JobFrame& frame, uint32_t series_count);
  const buffer::DecodedFrame* DecodeAlone(JobFrame& frame, uint32_t series_count);
  const buffer::DecodedFrame* DecodeShared(const Job& job, uint32_t index, uint32_t series_count);
  void EncodeSlice(Job& job, const Slice& slice, Part& part);
  bool EncodeWhole(const LayoutProjection& layout, const Slice& slice);
  std::span<const double> Sent(const buffer::DecodedFrame& frame, std::span<const uint32_t> series);
  void EncodeSeries(const SeriesAt& at, uint32_t series, Part& part);
  void EncodeSeriesWithExtras(const SeriesAt& at, uint32_t series, Part& part);
  Extras ExtrasOf(size_t frame, uint32_t series);
  std::optional<buffer::DropReason> WhyNotSent(std::string_view histogram_bytes) const;
  void StartEntry(const SeriesAt& at, TimestampMs timestamp_ms, bool is_histogram);
  void AddExemplars(std::span<const buffer::FrameExemplar> exemplars, Part& part);
  void Flush(const SeriesAt& at);
  void FlushSamples(const SeriesAt& at);

  const SendOptions send_;
  const std::shared_ptr<proto::SymbolPool> symbols_;
  buffer::FrameDecoder decoder_;
  std::deque<buffer::DecodedFrame> scratch_;                         // reused
  size_t scratch_used_ = 0;                                          // for this slice
  std::vector<std::shared_ptr<const buffer::DecodedFrame>> recent_;  // of the slice in work
  std::vector<const buffer::DecodedFrame*> frames_;                  // of the slice in work
  // Frames with series of many tenants are asked for by as many jobs, one after the other; those
  // with more series than a request takes, by one part of a job after the other.
  std::shared_ptr<const FrameSet> shared_set_;
  std::unordered_map<uint32_t, buffer::DecodedFrame> shared_;  // by place in the set
  std::vector<FrameShare> shares_;  // one for each frame of the slice in work
  std::vector<Cursor> cursors_;     // likewise
  bool has_extras_ = false;         // any of the frames
  bool counts_only_ = false;

  // The TimeSeries in work: samples or histograms.
  std::vector<proto::SampleView> samples_;
  std::vector<proto::HistogramView> histograms_;
  bool has_exemplars_ = false;

  std::vector<double> values_;  // of a frame, those that are sent
  FrameTemplates templates_;
  EntryWriter writer_;
};

}  // namespace sluice::remotewrite
