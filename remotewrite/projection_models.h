// The models of the chunks in use: found for projections that are new, and forgotten with the last
// projection that is made of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "buffer/chunk.h"
#include "remotewrite/projection.h"
#include "remotewrite/projection_model.h"

namespace sluice::remotewrite {

// All projections must be of the same rules. Bound to one thread.
class ProjectionModels {
 public:
  // Targets whose labels come out in more ways than that have models of their own.
  static constexpr size_t kModelsOfChunkMax = 4;

  // The labels of a target: those that its projections hold already, or anew.
  std::shared_ptr<const TargetText> TextOf(const ContentId& target,
                                           std::span<const buffer::LabelView> labels) const;

  // The projection of a chunk, if that follows from one for another target that is held. Else null.
  std::shared_ptr<const Projection> FindLike(const ContentId& chunk,
                                             const std::shared_ptr<const TargetText>& target) const;

  // Puts a model in the place of the texts: one of another target that uses the chunk, if it can
  // be, else a new one.
  void Share(const ContentId& chunk, const std::shared_ptr<const TargetText>& target,
             Projection& projection) const;

  // Each projection that was held is to be released once.
  void Hold(const ContentId& target, const ContentId& chunk,
            const std::shared_ptr<const Projection>& projection);
  void Release(const ContentId& target, const ContentId& chunk, const Projection& projection);

  // Of all models and texts of targets, each of them once.
  uint64_t memory_bytes() const { return bytes_; }

 private:
  struct ChunkUse {
    // One for each model that others may take.
    std::vector<std::shared_ptr<const Projection>> projections;
    uint32_t uses = 0;  // models, also such as are not among these
  };

  struct TextUse {
    std::shared_ptr<const TargetText> text;
    uint32_t uses = 0;
  };

  std::unordered_map<ContentId, ChunkUse> chunks_;
  std::unordered_map<const ProjectionModel*, uint32_t> uses_;  // by projections
  std::unordered_map<ContentId, TextUse> texts_;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::remotewrite
