#include "remotewrite/entry_writer.h"

namespace sluice::remotewrite {

EntryWriter::EntryWriter(const std::shared_ptr<proto::SymbolPool>& symbols) {
  if (symbols == nullptr) return;
  v2_ = std::make_unique<proto::RequestWriterV2>(symbols);
  exemplar_symbols_ = std::make_unique<proto::SymbolLease>(symbols);
}

void EntryWriter::Begin(const Encoding& encoding) {
  encoding_ = encoding;
  is_v2_ = encoding.message == Message::kV2 && v2_ != nullptr;
  exemplars_.clear();
  v1_.Clear();
  block_.Clear();
  if (v2_ == nullptr) return;
  exemplar_symbols_->Clear();
  if (is_v2_) v2_->Clear();
}

void EntryWriter::Add(const SeriesAt& series, std::span<const proto::SampleView> samples,
                      std::span<const proto::HistogramView> histograms) {
  if (is_v2_) {
    AddV2(series, samples, histograms);
  } else {
    v1_.Add(series, {.encoded_labels = {},
                     .samples = samples,
                     .encoded_exemplars = exemplars_,
                     .histograms = histograms});
  }
  exemplars_.clear();
}

void EntryWriter::AddV2(const SeriesAt& series, std::span<const proto::SampleView> samples,
                        std::span<const proto::HistogramView> histograms) {
  v2_->AddSeries({.labels = series.projection->SymbolsOf(series.index),
                  .samples = samples,
                  .histograms = histograms,
                  .encoded_exemplars = exemplars_,
                  .metadata = series.projection->MetadataOf(series.index)});
}

void EntryWriter::Add(const FrameTemplate& frame, std::span<const double> values,
                      TimestampMs timestamp_ms, const TargetText& target) {
  block_.Compress(v1_.bytes());
  v1_.Clear();
  char* const at = block_.Reserve(frame.size_max());
  block_.EndAt(frame.Write(values, timestamp_ms, target, at), frame.raw_size());
}

void EntryWriter::AddExemplar(const buffer::FrameExemplar& exemplar) {
  const proto::SampleView sample{exemplar.value, exemplar.timestamp_ms};
  if (!is_v2_) {
    labels_.clear();
    for (const buffer::LabelView& label : exemplar.labels) {
      proto::AppendLabel(labels_, label.name, label.value);
    }
    proto::AppendExemplar(exemplars_, labels_, sample);
    return;
  }
  exemplar_labels_.clear();
  for (const buffer::LabelView& label : exemplar.labels) {
    exemplar_labels_.push_back(exemplar_symbols_->Acquire(label.name));
    exemplar_labels_.push_back(exemplar_symbols_->Acquire(label.value));
  }
  v2_->AppendExemplar(exemplars_, exemplar_labels_, sample);
}

std::string_view EntryWriter::Finish() {
  const std::string_view raw = is_v2_ ? v2_->bytes() : v1_.bytes();
  if (encoding_.compression == Compression::kZstd) return zstd_.Compress(raw);
  block_.Compress(raw);
  return block_.Finish();
}

}  // namespace sluice::remotewrite
