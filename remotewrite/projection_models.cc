#include "remotewrite/projection_models.h"

#include <algorithm>

namespace sluice::remotewrite {

namespace {

// What an entry of a map costs besides what it leads to.
constexpr uint64_t kEntryBytes = 96;
// The same of a model: its place in the list, and what counts the holders.
constexpr uint64_t kModelBytes = 64;

}  // namespace

std::shared_ptr<const TargetText> ProjectionModels::TextOf(
    const ContentId& target, std::span<const buffer::LabelView> labels) const {
  const auto found = texts_.find(target);
  return found != texts_.end() ? found->second.text : std::make_shared<const TargetText>(labels);
}

void ProjectionModels::Share(const ContentId& chunk,
                             const std::shared_ptr<const TargetText>& target,
                             Projection& projection) const {
  const auto found = chunks_.find(chunk);
  if (found == chunks_.end()) return;
  const std::vector<ModelUse>& models = found->second.models;
  for (const ModelUse& use : models) {
    if (projection.TakeModel(use.model, target)) return;
  }
  if (models.size() < kModelsOfChunkMax) projection.MakeModel(target);
}

void ProjectionModels::Hold(const ContentId& target, const ContentId& chunk,
                            const Projection& projection) {
  const auto [place, is_new] = chunks_.try_emplace(chunk);
  if (is_new) bytes_ += kEntryBytes;
  ++place->second.projections;
  if (projection.model() == nullptr) return;

  std::vector<ModelUse>& models = place->second.models;
  const auto model = std::find_if(models.begin(), models.end(), [&](const ModelUse& use) {
    return use.model == projection.model();
  });
  if (model != models.end()) {
    ++model->uses;
  } else {
    models.push_back({.model = projection.model(), .uses = 1});
    bytes_ += kModelBytes + projection.model()->memory_bytes();
  }

  TextUse& text = texts_[target];
  if (text.uses++ == 0) {
    text.text = projection.target();
    bytes_ += kEntryBytes + text.text->memory_bytes();
  }
}

void ProjectionModels::Release(const ContentId& target, const ContentId& chunk,
                               const Projection& projection) {
  const auto place = chunks_.find(chunk);
  if (projection.model() != nullptr) {
    std::vector<ModelUse>& models = place->second.models;
    const auto model = std::find_if(models.begin(), models.end(), [&](const ModelUse& use) {
      return use.model == projection.model();
    });
    if (--model->uses == 0) {
      bytes_ -= kModelBytes + model->model->memory_bytes();
      models.erase(model);
    }
    const auto text = texts_.find(target);
    if (--text->second.uses == 0) {
      bytes_ -= kEntryBytes + text->second.text->memory_bytes();
      texts_.erase(text);
    }
  }
  if (--place->second.projections == 0) {
    bytes_ -= kEntryBytes;
    chunks_.erase(place);
  }
}

}  // namespace sluice::remotewrite
