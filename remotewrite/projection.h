// Projections: the labels of a chunk's series as one destination sends them, encoded once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"
#include "relabel/labels.h"
#include "relabel/program.h"

namespace sluice::remotewrite {

// What a destination does to the labels of every series, in this order. Borrowed.
struct ProjectionRules {
  const relabel::Labels& external_labels;  // added where the series has no such label
  const relabel::Program& write_relabel;
};

// Immutable. One entry for each series of the chunk, in its order.
class Projection {
 public:
  // Labels for proto::RequestWriter; empty = this series is not sent.
  std::string_view LabelsOf(size_t series) const {
    const size_t begin = series == 0 ? 0 : ends_[series - 1];
    return std::string_view(labels_).substr(begin, ends_[series] - begin);
  }

  uint32_t series_count() const { return static_cast<uint32_t>(ends_.size()); }

  // Series that are not sent: dropped by a rule, or unfit for remote write once relabeled (no
  // metric name, a label without a name, text that is not UTF-8). Receivers refuse a whole request
  // for one of those.
  uint32_t dropped_count() const { return dropped_count_; }

  size_t memory_bytes() const {
    return sizeof(*this) + labels_.capacity() + ends_.capacity() * sizeof(uint32_t);
  }

 private:
  friend Projection Project(std::span<const buffer::LabelView>, const buffer::DecodedChunk&,
                            const ProjectionRules&);

  std::string labels_;
  std::vector<uint32_t> ends_;
  uint32_t dropped_count_ = 0;
};

// `target_labels` sorted by name. Series whose labels would make the buffer exceed 4 GiB count as
// dropped. Pure.
Projection Project(std::span<const buffer::LabelView> target_labels,
                   const buffer::DecodedChunk& chunk, const ProjectionRules& rules);

}  // namespace sluice::remotewrite
