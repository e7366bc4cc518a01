// What the projections of like targets share: how the encoded labels of a chunk's series are made,
// which is a good deal smaller than they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remotewrite/target_text.h"

namespace sluice::remotewrite {

// A set of labels of the target, by number in its model. 0 is the empty one.
using LabelSet = uint8_t;

// Places and sizes in models are those without any labels of the target.
//
// A part of a text: first some bytes of its own; then, with `back`, what stands at `place` in the
// text of the series that many before; else, from `place` to `length`, labels of the target.
struct TextStep {
  uint8_t own = 0;
  uint8_t back = 0;
  LabelSet place_labels = 0;   // that come before the place
  LabelSet length_labels = 0;  // that are copied, too
  uint16_t place = 0;
  uint16_t length = 0;
};

// Immutable.
class ProjectionModel {
 public:
  // A text that needs more than this many others to be made is not copied from.
  static constexpr size_t kDepthMax = 32;

  struct Text {
    std::span<const TextStep> steps;
    const char* own = nullptr;  // the bytes of all steps
    uint32_t size = 0;
    LabelSet labels = 0;
  };

  // One more label, after all of another set.
  struct SetEntry {
    LabelSet rest = 0;
    uint16_t label = 0;
  };

  // Wherever a whole label of the target stands, name and value as they are encoded, it is taken
  // from the target. Null when there is too much of something for the numbers in steps.
  static std::shared_ptr<const ProjectionModel> Make(const SeriesTexts& texts,
                                                     const TargetText& target);

  // Whether that gives these texts with the labels of `target`, byte for byte.
  bool Gives(const SeriesTexts& texts, const TargetText& target) const;

  size_t series_count() const { return series_.size(); }

  // Whether the series has a text at all.
  bool Has(size_t series) const { return series_[series].size != 0 || series_[series].labels != 0; }

  Text TextOf(size_t series) const {
    const Series& end = series_[series];
    const Series begin = series == 0 ? Series{} : series_[series - 1];
    return {.steps = std::span(steps_).subspan(begin.steps_end, end.steps_end - begin.steps_end),
            .own = own_.data() + begin.own_end,
            .size = end.size,
            .labels = static_cast<LabelSet>(end.labels)};
  }

  // All sets but the empty one, in the order of their numbers; what a set is made of comes before.
  std::span<const SetEntry> sets() const { return sets_; }

  size_t memory_bytes() const;

 private:
  friend class ModelMaker;

  // There are as many as series, so that each byte counts.
  struct Series {
    static constexpr size_t kStepsMax = UINT16_MAX;
    static constexpr size_t kOwnMax = (1U << 24) - 1;

    uint32_t own_end : 24 = 0;
    uint32_t labels : 8 = 0;
    uint16_t steps_end = 0;
    uint16_t size = 0;
  };

  ProjectionModel() = default;

  size_t label_count_ = 0;  // of the targets
  std::string own_;         // and kTextStep
  std::vector<TextStep> steps_;
  std::vector<Series> series_;
  std::vector<SetEntry> sets_;
};

}  // namespace sluice::remotewrite
