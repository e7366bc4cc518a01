// Writes the series of remote write 1.0 requests.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proto/write_request.h"
#include "remotewrite/projection.h"
#include "remotewrite/text_writer.h"

namespace sluice::remotewrite {

// A series of a projection.
struct SeriesAt {
  const Projection* projection = nullptr;
  size_t index = 0;
};

// Keeps its memory. Bound to one thread.
class V1Writer {
 public:
  void Clear();

  // One entry: samples in ascending order of time. The projection must outlive the request.
  void Add(const SeriesAt& series, std::span<const proto::SampleView> samples);
  // The same with whatever else; but for the labels.
  void Add(const SeriesAt& series, const proto::SeriesContent& content);

  // Valid until the next change.
  std::string_view bytes() const { return request_.bytes(); }

 private:
  // Whether its labels are made of a model, which is then in use.
  bool Use(const Projection& projection);
  template <typename Content>
  void WriteSeries(const SeriesAt& series, const Content& content);

  const Projection* used_ = nullptr;
  std::string labels_;  // scratch
  TextWriter texts_;
  proto::RequestWriter request_;
};

}  // namespace sluice::remotewrite
