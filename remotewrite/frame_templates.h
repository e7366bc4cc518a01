// The templates of frames that come again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "remotewrite/frame_template.h"
#include "remotewrite/projection_cache.h"

namespace sluice::remotewrite {

// All layouts must be of the same rules. Bound to one thread.
//
// To make a template takes many times what is saved when it is used, so that only frames get one
// that have come a number of times, of the same target or of like ones.
class FrameTemplates {
 public:
  static constexpr uint8_t kUsesMin = 8;
  // Small frames compress better beside those of like targets.
  static constexpr uint32_t kSeriesMin = 256;
  static constexpr uint64_t kBytesMax = 32 << 20;
  // Of a branch: there may be many, and what they send is little.
  static constexpr uint64_t kBranchBytesMax = 2 << 20;

  explicit FrameTemplates(uint64_t bytes_max = kBytesMax) : bytes_max_(bytes_max) {}

  // For one more frame of this layout; null when there is none. Valid until the next call.
  const FrameTemplate* Get(const LayoutProjection& layout);

  uint64_t memory_bytes() const { return young_.bytes + old_.bytes; }

 private:
  struct Entry {
    std::vector<std::shared_ptr<const ProjectionModel>> models;
    std::shared_ptr<const TargetText> target;
    std::unique_ptr<const FrameTemplate> made;  // null: there cannot be one
  };

  // What was not asked for in all the time of a generation is forgotten.
  struct Generation {
    std::unordered_multimap<ContentId, std::shared_ptr<const Entry>> entries;
    uint64_t bytes = 0;
  };

  static bool IsFor(const Entry& entry, const LayoutProjection& layout);
  static uint64_t BytesOf(const Entry& entry);
  const Entry* Find(const LayoutProjection& layout);
  void AddYoung(const ContentId& layout, std::shared_ptr<const Entry> entry);
  bool IsFrequent(const LayoutProjection& layout);
  void Age();

  const uint64_t bytes_max_;
  Generation young_;
  Generation old_;
  uint64_t asked_ = 0;  // in this generation
  // How often frames without a template came, by a hash of what makes them alike.
  std::unordered_map<uint64_t, uint8_t> uses_;
};

}  // namespace sluice::remotewrite
