// What the projections of like targets share: the encoded labels of a chunk's series, with gaps
// where the labels of the target stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "buffer/chunk.h"

namespace sluice::remotewrite {

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

// The labels of a target, encoded for remote write 1.0 in the order given. Immutable.
class TargetText {
 public:
  explicit TargetText(std::span<const buffer::LabelView> labels);

  size_t label_count() const { return offsets_.size() - 1; }

  // Those from `begin` on, up to `end`.
  std::string_view Labels(size_t begin, size_t end) const {
    return std::string_view(bytes_).substr(offsets_[begin], offsets_[end] - offsets_[begin]);
  }

  size_t memory_bytes() const;

 private:
  std::string bytes_;
  std::vector<size_t> offsets_{0};  // where each label begins, and the end
};

// Immutable.
class ProjectionModel {
 public:
  // A gap is left wherever a whole label of the target stands, name and value, as it is encoded.
  // Null when the target has more labels than a gap can name.
  static std::shared_ptr<const ProjectionModel> Make(const SeriesTexts& texts,
                                                     const TargetText& target);

  // Whether filling the gaps with `target` gives these texts, byte for byte.
  bool Gives(const SeriesTexts& texts, const TargetText& target) const;

  size_t series_count() const { return ends_.size(); }

  // Whether the series has a text at all.
  bool Has(size_t series) const {
    const End begin = BeginOf(series);
    return begin.text != ends_[series].text || begin.gap != ends_[series].gap;
  }

  // The text of a series with the labels of `target`, in pieces. Only for targets with texts that
  // the model gives.
  void PiecesOf(size_t series, const TargetText& target,
                std::vector<std::string_view>& pieces) const;

  size_t memory_bytes() const;

 private:
  // Labels of the target that stand side by side, as they do in its text, are one gap.
  struct Gap {
    uint32_t at = 0;     // in bytes_
    uint16_t begin = 0;  // labels of the target, up to `end`
    uint16_t end = 0;
  };

  struct End {
    uint32_t text = 0;  // in bytes_
    uint32_t gap = 0;   // in gaps_
  };

  ProjectionModel() = default;

  End BeginOf(size_t series) const { return series == 0 ? End{} : ends_[series - 1]; }

  void AddSeries(std::string_view text, const TargetText& target);
  void AddGap(size_t label);

  size_t label_count_ = 0;  // of the targets
  std::string bytes_;
  std::vector<Gap> gaps_;
  std::vector<End> ends_;  // one for each series
};

}  // namespace sluice::remotewrite
