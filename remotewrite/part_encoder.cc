#include "remotewrite/part_encoder.h"

#include <algorithm>
#include <bit>

#include "proto/histogram_codec.h"
#include "relabel/labels.h"

namespace sluice::remotewrite {

namespace {

using buffer::DropReason;

bool HasSample(const buffer::DecodedFrame& frame, size_t series) {
  return frame.present.empty() || frame.present[series] != 0;
}

TimestampMs TimestampAt(const buffer::DecodedFrame& frame, size_t series) {
  if (frame.timestamps.empty() || frame.timestamps[series] == buffer::kNoTimestamp) {
    return frame.timestamp_ms;
  }
  return frame.timestamps[series];
}

proto::SampleView SampleAt(const buffer::DecodedFrame& frame, size_t series) {
  if (frame.kind == buffer::FrameKind::kStale) {
    return {std::bit_cast<double>(buffer::kStaleNanBits), frame.timestamp_ms};
  }
  const TimestampMs start = frame.start_timestamps.empty() ? 0 : frame.start_timestamps[series];
  return {frame.values[series], TimestampAt(frame, series), start};
}

// Whether nothing is to be left out of it first.
bool FitsAsItIs(const buffer::DecodedFrame& frame, uint32_t series_count) {
  return frame.values.size() == series_count && frame.exemplars.empty();
}

uint64_t& Dropped(FrameShare& share, DropReason reason) {
  return share.dropped[static_cast<size_t>(reason)];
}

bool IsFit(const buffer::FrameExemplar& exemplar) {
  return std::all_of(exemplar.labels.begin(), exemplar.labels.end(),
                     [](const buffer::LabelView& label) {
                       return !label.name.empty() && relabel::IsValidUtf8(label.name) &&
                              relabel::IsValidUtf8(label.value);
                     });
}

}  // namespace

void PartEncoder::Encode(Job& job, Part& part, const Encoding& encoding) {
  writer_.Begin(encoding);
  part.encoding = encoding;
  part.counts = {};
  part.relabeled = {};
  part.unfit_exemplars = 0;
  part.shares.clear();
  for (const Slice& slice : part.slices) EncodeSlice(job, slice, part);
  for (const FrameShare& share : part.shares) part.counts.samples += share.samples;
  part.encoded = true;
  part.body = nullptr;
  if (part.counts.samples == 0 || counts_only_) return;
  part.body = std::make_shared<const std::string>(writer_.Finish());
}

void PartEncoder::Count(Job& job, Part& part, const Encoding& encoding) {
  counts_only_ = true;
  Encode(job, part, encoding);
  counts_only_ = false;
  part.encoded = false;
}

std::shared_ptr<const std::string> PartEncoder::EncodeOne(const relabel::Labels& labels,
                                                          const proto::SampleView& sample,
                                                          const Encoding& encoding) {
  buffer::DecodedChunk chunk;
  buffer::SeriesView& series = chunk.series.emplace_back();
  for (const relabel::Label& label : labels) series.set.push_back({label.name, label.value});
  const relabel::Labels none;
  const relabel::Program nothing;
  const Projection projection = Project({}, chunk, {none, nothing, symbols_});
  writer_.Begin(encoding);
  writer_.Add({&projection, 0}, {&sample, 1});
  return std::make_shared<const std::string>(writer_.Finish());
}

const buffer::DecodedFrame* PartEncoder::Decode(JobFrame& frame, uint32_t series_count,
                                                buffer::DecodedFrame& into) {
  if (!decoder_.Decode(*frame.frame.stored, series_count, into).ok()) {
    frame.damaged = true;
    return nullptr;
  }
  if (!send_.exemplars) into.exemplars.clear();
  return &into;
}

// Null when it has to be decoded.
const buffer::DecodedFrame* PartEncoder::Recent(const JobFrame& frame, uint32_t series_count) {
  std::shared_ptr<const buffer::DecodedFrame> decoded = frame.frame.decoded.lock();
  if (decoded == nullptr || !FitsAsItIs(*decoded, series_count)) return nullptr;
  recent_.push_back(std::move(decoded));
  return recent_.back().get();
}

const buffer::DecodedFrame* PartEncoder::DecodeAlone(JobFrame& frame, uint32_t series_count) {
  if (const buffer::DecodedFrame* const recent = Recent(frame, series_count)) return recent;
  if (scratch_.size() == scratch_used_) scratch_.emplace_back();
  return Decode(frame, series_count, scratch_[scratch_used_++]);
}

const buffer::DecodedFrame* PartEncoder::DecodeShared(const Job& job, uint32_t index,
                                                      uint32_t series_count) {
  const JobFrame& frame = job.set->frames[index];
  if (const buffer::DecodedFrame* const recent = Recent(frame, series_count)) return recent;
  if (shared_set_ != job.set) {
    shared_.clear();
    shared_set_ = job.set;
  }
  const auto [found, is_new] = shared_.try_emplace(index);
  return is_new ? Decode(job.set->frames[index], series_count, found->second) : &found->second;
}

void PartEncoder::ForgetFrames() {
  shared_.clear();
  shared_set_ = nullptr;
}

void PartEncoder::ForgetFrames(const FrameSet& set) {
  if (shared_set_.get() == &set) ForgetFrames();
}

void PartEncoder::DecodeFrames(Job& job, const Slice& slice) {
  const FrameGroup& group = job.groups[slice.group];
  // By parts of other jobs, or by the next ones of this job.
  const bool is_shared = group.layout->shares.size() > 1 || !slice.all_series;
  shares_.clear();
  frames_.clear();
  scratch_used_ = 0;
  has_extras_ = false;
  for (uint32_t i = slice.frame_begin; i < slice.frame_end; ++i) {
    const uint32_t index = group.frames[i];
    JobFrame& frame = job.set->frames[index];
    if (frame.damaged) continue;
    const buffer::DecodedFrame* decoded = is_shared
                                              ? DecodeShared(job, index, group.layout->series_count)
                                              : DecodeAlone(frame, group.layout->series_count);
    if (decoded == nullptr) continue;
    has_extras_ = has_extras_ || !decoded->histograms.empty() || !decoded->exemplars.empty();
    frames_.push_back(decoded);
    shares_.push_back({.frame = index});
  }
  cursors_.assign(frames_.size(), {});
}

void PartEncoder::EncodeSlice(Job& job, const Slice& slice, Part& part) {
  DecodeFrames(job, slice);
  const FrameGroup& group = job.groups[slice.group];
  if (EncodeWhole(*group.layout, slice)) {
    // Nearly every frame, when there is no backlog.
  } else if (slice.all_series) {
    uint32_t series = 0;
    for (const auto& projection : group.layout->parts) {
      const uint32_t count = projection->series_count();
      for (uint32_t i = 0; i < count; ++i) {
        EncodeSeries({projection.get(), i}, series++, part);
      }
    }
  } else {
    size_t base = 0;
    auto projection = group.layout->parts.begin();
    for (size_t i = 0; i < slice.some_count(); ++i) {
      const uint32_t series = slice.SomeAt(i);
      while (series - base >= (*projection)->series_count()) {
        base += (*projection)->series_count();
        ++projection;
      }
      EncodeSeries({projection->get(), series - base}, series, part);
    }
  }
  for (const FrameShare& share : shares_) {
    part.relabeled.samples += share.dropped[static_cast<size_t>(DropReason::kRelabel)];
  }
  part.shares.insert(part.shares.end(), shares_.begin(), shares_.end());
  recent_.clear();
}

// A frame that has nothing but a value of the same time for each series, if there is a template.
bool PartEncoder::EncodeWhole(const LayoutProjection& layout, const Slice& slice) {
  if (!slice.all_series || frames_.size() != 1 || has_extras_ || counts_only_) return false;
  const buffer::DecodedFrame& frame = *frames_[0];
  const bool is_plain = frame.kind == buffer::FrameKind::kSamples && frame.present.empty() &&
                        frame.timestamps.empty() && FrameTemplate::Takes(frame.timestamp_ms);
  if (!is_plain || !writer_.TakesTemplates()) return false;
  const FrameTemplate* const made = templates_.Get(layout);
  if (made == nullptr) return false;
  const std::span<const uint32_t> sent = made->sent();
  writer_.Add(*made, Sent(frame, sent), frame.timestamp_ms, *layout.parts.front()->target());
  shares_[0].samples += sent.size();
  Dropped(shares_[0], DropReason::kRelabel) += layout.series_count - sent.size();
  return true;
}

// The values of these series, ascending, which are most likely all. Valid until the next call.
std::span<const double> PartEncoder::Sent(const buffer::DecodedFrame& frame,
                                          std::span<const uint32_t> series) {
  if (series.size() == frame.values.size()) return frame.values;
  values_.clear();
  for (const uint32_t each : series) values_.push_back(frame.values[each]);
  return values_;
}

void PartEncoder::EncodeSeries(const SeriesAt& at, uint32_t series, Part& part) {
  if (has_extras_) {
    EncodeSeriesWithExtras(at, series, part);
    return;
  }
  if (!at.projection->Sends(at.index)) {
    for (size_t i = 0; i < frames_.size(); ++i) {
      if (HasSample(*frames_[i], series)) ++Dropped(shares_[i], DropReason::kRelabel);
    }
    return;
  }
  if (frames_.size() == 1) {  // nearly every time when there is no backlog
    if (!HasSample(*frames_[0], series)) return;
    const proto::SampleView sample = SampleAt(*frames_[0], series);
    if (!counts_only_) writer_.Add(at, {&sample, 1});
    ++shares_[0].samples;
    return;
  }
  for (size_t i = 0; i < frames_.size(); ++i) {
    if (!HasSample(*frames_[i], series)) continue;
    const proto::SampleView sample = SampleAt(*frames_[i], series);
    if (!samples_.empty() && sample.timestamp_ms <= samples_.back().timestamp_ms) {
      FlushSamples(at);
    }
    samples_.push_back(sample);
    ++shares_[i].samples;
  }
  FlushSamples(at);
}

void PartEncoder::EncodeSeriesWithExtras(const SeriesAt& at, uint32_t series, Part& part) {
  const bool is_sent = at.projection->Sends(at.index);
  for (size_t i = 0; i < frames_.size(); ++i) {
    const buffer::DecodedFrame& frame = *frames_[i];
    FrameShare& share = shares_[i];
    const Extras extras = ExtrasOf(i, series);
    const bool has_histogram = extras.histogram != nullptr;
    if (!is_sent) {
      if (HasSample(frame, series)) ++Dropped(share, DropReason::kRelabel);
      part.relabeled.histograms += has_histogram ? 1 : 0;
      part.relabeled.exemplars += extras.exemplars.size();
      continue;
    }
    const std::optional<DropReason> refused =
        has_histogram ? WhyNotSent(extras.histogram->bytes) : std::nullopt;
    if (refused) ++Dropped(share, *refused);
    if (refused || !HasSample(frame, series)) {
      part.unfit_exemplars += extras.exemplars.size();
      continue;
    }
    const proto::SampleView sample = SampleAt(frame, series);
    StartEntry(at, sample.timestamp_ms, has_histogram);
    if (has_histogram) {
      histograms_.push_back({extras.histogram->bytes, sample.timestamp_ms, sample.start_ms});
      ++part.counts.histograms;
    } else {
      samples_.push_back(sample);
    }
    AddExemplars(extras.exemplars, part);
    ++share.samples;
  }
  Flush(at);
}

// Series are asked for in ascending order.
PartEncoder::Extras PartEncoder::ExtrasOf(size_t frame, uint32_t series) {
  const buffer::DecodedFrame& decoded = *frames_[frame];
  Cursor& at = cursors_[frame];
  Extras extras;
  const auto& histograms = decoded.histograms;
  while (at.histogram < histograms.size() && histograms[at.histogram].series < series) {
    ++at.histogram;
  }
  if (at.histogram < histograms.size() && histograms[at.histogram].series == series) {
    extras.histogram = &histograms[at.histogram];
  }
  const std::span<const buffer::FrameExemplar> exemplars = decoded.exemplars;
  while (at.exemplar < exemplars.size() && exemplars[at.exemplar].series < series) ++at.exemplar;
  size_t end = at.exemplar;
  while (end < exemplars.size() && exemplars[end].series == series) ++end;
  extras.exemplars = exemplars.subspan(at.exemplar, end - at.exemplar);
  return extras;
}

std::optional<DropReason> PartEncoder::WhyNotSent(std::string_view histogram_bytes) const {
  if (!send_.native_histograms) return DropReason::kNativeHistogram;
  const std::optional<int32_t> schema = proto::SchemaOf(histogram_bytes);
  if (!schema) return DropReason::kDamaged;
  if (*schema == proto::kCustomBucketsSchema && !writer_.TakesCustomBuckets()) {
    return DropReason::kCustomBuckets;
  }
  return std::nullopt;
}

// A target may expose timestamps of its own that stand still or go back, and a series may turn into
// a histogram; those become entries of their own, as what one entry holds has to ascend.
void PartEncoder::StartEntry(const SeriesAt& at, TimestampMs timestamp_ms, bool is_histogram) {
  const bool is_of_other_kind = is_histogram ? !samples_.empty() : !histograms_.empty();
  const bool ascends = (samples_.empty() || samples_.back().timestamp_ms < timestamp_ms) &&
                       (histograms_.empty() || histograms_.back().timestamp_ms < timestamp_ms);
  if (is_of_other_kind || !ascends) Flush(at);
}

void PartEncoder::AddExemplars(std::span<const buffer::FrameExemplar> exemplars, Part& part) {
  for (const buffer::FrameExemplar& exemplar : exemplars) {
    if (!IsFit(exemplar)) {
      ++part.unfit_exemplars;
      continue;
    }
    ++part.counts.exemplars;
    if (!counts_only_) writer_.AddExemplar(exemplar);
    has_exemplars_ = true;
  }
}

void PartEncoder::FlushSamples(const SeriesAt& at) {
  if (!samples_.empty() && !counts_only_) writer_.Add(at, samples_);
  samples_.clear();
}

void PartEncoder::Flush(const SeriesAt& at) {
  if (!histograms_.empty() || has_exemplars_) {
    if (!counts_only_) writer_.Add(at, samples_, histograms_);
    samples_.clear();
    histograms_.clear();
    has_exemplars_ = false;
    return;
  }
  FlushSamples(at);
}

}  // namespace sluice::remotewrite
