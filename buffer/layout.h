// Layouts: the ordered list of series that a target exposes, as a list of chunks; and the labels
// that the series of a target have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "buffer/chunk.h"

namespace sluice::buffer {

// Immutable. The values of a frame are in the order of the series of its layout's chunks.
struct Layout {
  ContentId id;  // of the chunk ids in order
  uint32_t series_count = 0;
  std::vector<std::shared_ptr<const Chunk>> chunks;

  static std::shared_ptr<const Layout> Of(std::vector<std::shared_ptr<const Chunk>> chunks);
};

// Immutable. The labels on top of which the series of a target are stored, sorted by name.
struct TargetLabels {
  ContentId id;
  std::string stored;

  static std::shared_ptr<const TargetLabels> Of(std::span<const LabelView> labels);

  // kCorruption on anything malformed. The views point into `stored`.
  static Result<std::vector<LabelView>> Decode(std::string_view stored);
};

}  // namespace sluice::buffer
