// Finds out how the texts of a chunk are best made from each other.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "remotewrite/projection_model.h"
#include "remotewrite/target_text.h"

namespace sluice::remotewrite {

// For one use. Series by series: runs of labels that an earlier series has, too, are copied from
// the latest such; of a label that is new, what an earlier one has in common with it.
class ModelMaker {
 public:
  // Both must outlive this.
  ModelMaker(const SeriesTexts& texts, const TargetText& target);

  // Null when there is too much of something for the numbers in steps.
  std::shared_ptr<const ProjectionModel> Make();

 private:
  using LabelId = uint32_t;

  static constexpr uint32_t kNever = UINT32_MAX;
  static constexpr uint16_t kOwn = UINT16_MAX;
  static constexpr size_t kSeenSize = 512;

  // A label in the text of a series.
  struct Spot {
    uint32_t series = kNever;
    uint32_t index = 0;  // among the labels of the series
    uint32_t place = 0;
    LabelSet labels = 0;  // of the target, before it
  };

  // One that is different from all others.
  struct Label {
    std::string_view bytes;
    uint16_t of_target = kOwn;  // else its number there
    Spot last;                  // of those that may be copied from
  };

  // Bytes of a label, for labels that have some of them, too.
  struct Seen {
    LabelId label = 0;
    uint32_t at = 0;
    bool is_set = false;
  };

  bool AddSeries(std::string_view text);
  void Split(std::string_view text);
  LabelId IdOf(std::string_view bytes, uint16_t of_target);
  void AddLabel(LabelId id);
  void CopyLabel(const Spot& spot, const Label& label);
  void AddNewLabel(LabelId id);
  bool CopySeen(std::string_view bytes, size_t& at);
  void Note(LabelId id);

  bool CanCopy(const Spot& spot) const;
  const Label* LabelAt(uint32_t series, uint32_t index) const;
  std::string_view OwnBytesAt(uint32_t series, uint32_t index) const;
  Spot After(const Spot& spot, const Label& label);
  LabelSet WithLabel(LabelSet set, uint16_t label);

  TextStep& StartCopy(const Spot& spot, size_t offset, std::string_view before);
  void PutOwn(size_t left);

  const SeriesTexts texts_;
  const TargetText& target_;
  std::shared_ptr<ProjectionModel> model_;
  bool fits_ = true;

  std::vector<Label> labels_;
  std::unordered_map<std::string_view, LabelId> ids_;
  std::array<Seen, kSeenSize> seen_{};  // by hash

  // Of the series before.
  std::vector<LabelId> series_labels_;
  std::vector<uint32_t> series_ends_;  // in these
  std::vector<uint8_t> depths_;

  // Of the series at hand.
  uint32_t series_ = 0;
  std::vector<LabelId> split_;
  std::vector<Spot> spots_;  // of these labels
  size_t first_step_ = 0;
  uint8_t depth_ = 0;
  std::string own_;  // bytes since the last step
  Spot here_;        // of the label at hand
  Spot run_;         // the label after the one that was copied last; of no series when none was
  size_t copied_to_ = 0;        // where the last step ends in its source
  LabelSet copied_labels_ = 0;  // before that
};

}  // namespace sluice::remotewrite
