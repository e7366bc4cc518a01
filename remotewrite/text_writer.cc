#include "remotewrite/text_writer.h"

namespace sluice::remotewrite {

void TextWriter::Begin(const ProjectionModel& model, const TargetText& target) {
  model_ = &model;
  target_ = &target;
  places_.assign(model.series_count(), 0);
  size_t set = 0;
  for (const ProjectionModel::SetEntry& entry : model.sets()) {
    const size_t size = target.Label(entry.label).size();
    widths_[++set] = widths_[entry.rest] + static_cast<uint32_t>(size);
  }
}

}  // namespace sluice::remotewrite
