#include "remotewrite/v1_writer.h"

namespace sluice::remotewrite {

void V1Writer::Clear() {
  used_ = nullptr;
  request_.Clear();
}

bool V1Writer::Use(const Projection& projection) {
  if (projection.model() == nullptr) return false;
  if (used_ != &projection) texts_.Begin(*projection.model(), *projection.target());
  used_ = &projection;
  return true;
}

template <typename Content>
void V1Writer::WriteSeries(const SeriesAt& series, const Content& content) {
  const ProjectionModel::Text text = series.projection->model()->TextOf(series.index);
  char* const labels = request_.BeginSeries(texts_.SizeOf(text), content);
  PlainText out(request_.bytes().data(), labels);
  texts_.Write(series.index, text, out);
  request_.EndSeries(content);
}

void V1Writer::Add(const SeriesAt& series, std::span<const proto::SampleView> samples) {
  if (Use(*series.projection)) return WriteSeries(series, samples);
  request_.AddSeries(series.projection->EncodedLabels(series.index, labels_), samples);
}

void V1Writer::Add(const SeriesAt& series, const proto::SeriesContent& content) {
  if (Use(*series.projection)) return WriteSeries(series, content);
  proto::SeriesContent whole = content;
  whole.encoded_labels = series.projection->EncodedLabels(series.index, labels_);
  request_.AddSeries(whole);
}

}  // namespace sluice::remotewrite
