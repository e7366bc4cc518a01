#include "remotewrite/projection_models.h"

namespace sluice::remotewrite {

namespace {

// What an entry of a map costs besides what it leads to.
constexpr uint64_t kEntryBytes = 96;

}  // namespace

std::shared_ptr<const TargetText> ProjectionModels::TextOf(
    const ContentId& target, std::span<const buffer::LabelView> labels) const {
  const auto found = texts_.find(target);
  return found != texts_.end() ? found->second.text : std::make_shared<const TargetText>(labels);
}

std::shared_ptr<const Projection> ProjectionModels::FindLike(
    const ContentId& chunk, const std::shared_ptr<const TargetText>& target) const {
  const auto found = chunks_.find(chunk);
  if (found == chunks_.end()) return nullptr;
  for (const auto& projection : found->second.projections) {
    if (auto like = projection->ForLike(target)) return like;
  }
  return nullptr;
}

void ProjectionModels::Share(const ContentId& chunk,
                             const std::shared_ptr<const TargetText>& target,
                             Projection& projection) const {
  const auto found = chunks_.find(chunk);
  if (found != chunks_.end()) {
    for (const auto& other : found->second.projections) {
      if (projection.TakeModel(other->model(), target)) return;
    }
  }
  projection.MakeModel(target);
}

void ProjectionModels::Hold(const ContentId& target, const ContentId& chunk,
                            const std::shared_ptr<const Projection>& projection) {
  const std::shared_ptr<const ProjectionModel>& model = projection->model();
  if (model == nullptr) return;
  if (uses_[model.get()]++ == 0) {
    bytes_ += kEntryBytes + model->memory_bytes();
    const auto [place, is_new] = chunks_.try_emplace(chunk);
    if (is_new) bytes_ += kEntryBytes;
    auto& projections = place->second.projections;
    if (projections.size() < kModelsOfChunkMax) projections.push_back(projection);
    ++place->second.uses;
  }

  TextUse& text = texts_[target];
  if (text.uses++ == 0) {
    text.text = projection->target();
    bytes_ += kEntryBytes + text.text->memory_bytes();
  }
}

void ProjectionModels::Release(const ContentId& target, const ContentId& chunk,
                               const Projection& projection) {
  const std::shared_ptr<const ProjectionModel>& model = projection.model();
  if (model == nullptr) return;
  const auto uses = uses_.find(model.get());
  if (--uses->second == 0) {
    bytes_ -= kEntryBytes + model->memory_bytes();
    uses_.erase(uses);
    const auto place = chunks_.find(chunk);
    std::erase_if(place->second.projections,
                  [&](const auto& other) { return other->model() == model; });
    if (--place->second.uses == 0) {
      bytes_ -= kEntryBytes;
      chunks_.erase(place);
    }
  }

  const auto text = texts_.find(target);
  if (--text->second.uses == 0) {
    bytes_ -= kEntryBytes + text->second.text->memory_bytes();
    texts_.erase(text);
  }
}

}  // namespace sluice::remotewrite
