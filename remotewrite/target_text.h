// Labels as remote write 1.0 has them, encoded: those of a chunk's series, and those of a target.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"

namespace sluice::remotewrite {

// As many bytes as may be read, and written, beyond any text: they are moved in steps of so many.
inline constexpr size_t kTextStep = 16;

// The encoded labels of each series of a chunk, one after the other. Borrowed.
struct SeriesTexts {
  std::string_view bytes;
  std::span<const uint32_t> ends;  // in `bytes`, one for each series

  size_t count() const { return ends.size(); }

  std::string_view At(size_t series) const {
    const size_t begin = series == 0 ? 0 : ends[series - 1];
    return bytes.substr(begin, ends[series] - begin);
  }
};

// The labels of a target, encoded in the order given. Immutable.
class TargetText {
 public:
  explicit TargetText(std::span<const buffer::LabelView> labels);

  // Of all labels.
  std::string_view bytes() const { return std::string_view(bytes_).substr(0, offsets_.back()); }

  // Whether the labels are as long as those of another.
  bool IsShapedLike(const TargetText& other) const { return offsets_ == other.offsets_; }

  uint64_t ShapeHash() const;

  // Whether the labels have the names of those of another, one after the other.
  bool HasNamesOf(const TargetText& other) const;

  // Whether each label has a value, and all is UTF-8: no series is unfit because of them.
  bool is_plain() const { return is_plain_; }

  size_t label_count() const { return offsets_.size() - 1; }

  std::string_view Label(size_t label) const {
    const size_t begin = offsets_[label];
    return std::string_view(bytes_).substr(begin, offsets_[label + 1] - begin);
  }

  size_t memory_bytes() const;

 private:
  std::string_view NameOf(size_t label) const;

  std::string bytes_;               // and kTextStep
  std::vector<size_t> offsets_{0};  // where each label begins, and the end
  bool is_plain_ = true;
};

}  // namespace sluice::remotewrite
