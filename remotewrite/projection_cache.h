// Projections of the layouts in use, within a byte budget.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "base/result.h"
#include "remotewrite/frame_source.h"
#include "remotewrite/projection.h"
#include "remotewrite/projection_models.h"

namespace sluice::remotewrite {

// Two content ids: a target's labels, and a layout or chunk.
struct ContentPair {
  ContentId target;
  ContentId content;

  friend bool operator==(const ContentPair&, const ContentPair&) = default;
};

struct ContentPairHash {
  size_t operator()(const ContentPair& pair) const noexcept {
    return std::hash<ContentId>()(pair.target) * 0x9e3779b97f4a7c15ULL +
           std::hash<ContentId>()(pair.content);
  }
};

// The series of a layout that belong to one tenant.
struct TenantShare {
  TenantId tenant = kNoTenant;
  std::vector<uint32_t> series;  // ascending; empty = all
};

// A layout of a target as a destination sends it. Immutable.
struct LayoutProjection {
  ContentPair key;
  uint32_t series_count = 0;
  uint32_t dropped_count = 0;
  std::vector<std::shared_ptr<const Projection>> parts;  // one for each chunk, in order
  // Together all series; those that are not sent go with one of them. At least one.
  std::vector<TenantShare> shares{1};
};

// Keyed by content: when the log begins a new epoch and stores the same content at new places,
// nothing is derived again. Least recently used layouts go when the budget is reached, or when they
// were not used for kIdleMax. Bound to one thread.
class ProjectionCache {
 public:
  static constexpr std::chrono::minutes kIdleMax{15};

  // `source` and what `rules` refers to must outlive the cache. The latest layout is kept even when
  // it alone exceeds `bytes_max`.
  ProjectionCache(FrameSource& source, const ProjectionRules& rules, uint64_t bytes_max);

  // The projection for frames with these places of target and layout; when that derived very many
  // chunks, freed memory of the process is given back. kNotFound and kCorruption:
  // the dictionary of these frames is gone or damaged. Other errors: reading failed, try again.
  Result<std::shared_ptr<const LayoutProjection>> Get(buffer::Sequence target_at,
                                                      buffer::Sequence layout_at,
                                                      MonotonicTime now);

  // Forgets what was not used for long.
  void Trim(MonotonicTime now);

  uint64_t memory_bytes() const {
    return bytes_ + models_.memory_bytes() +
           (rules_.symbols == nullptr ? 0 : rules_.symbols->memory_bytes());
  }

  // Null when the rules have none.
  const std::shared_ptr<proto::SymbolPool>& symbols() const { return rules_.symbols; }

  // Chunks derived so far, without those that followed from what is known of like targets.
  uint64_t derived_count() const { return derived_count_; }

 private:
  // Where the dictionary of frames is, and what was read of it so far.
  struct Places {
    buffer::Sequence target_at = 0;
    buffer::Sequence layout_at = 0;
    std::optional<buffer::StoredTarget> target;
    std::optional<buffer::StoredLayout> layout;
  };

  struct DecodedTarget {
    std::span<const buffer::LabelView> labels;
    std::shared_ptr<const TargetText> text;  // null for 2.0
  };

  struct SharedPart {
    std::shared_ptr<const Projection> part;
    uint32_t uses = 0;  // by entries
  };

  using Parts = std::unordered_map<ContentPair, SharedPart, ContentPairHash>;

  struct Entry {
    std::shared_ptr<const LayoutProjection> layout;
    std::vector<Parts::value_type*> parts;  // of the layout; in parts_ until it is released
    MonotonicTime used_at;
  };

  using Entries = std::list<Entry>;  // most recently used first

  Status ReadTarget(Places& places);
  Status ReadLayout(Places& places);
  Result<ContentId> TargetId(Places& places);
  Result<ContentId> LayoutId(Places& places);
  void NotePlace(buffer::Sequence at, const ContentId& id);
  Result<std::shared_ptr<const LayoutProjection>> Derive(const ContentPair& key, Places& places);
  Result<std::shared_ptr<const Projection>> MakePart(const DecodedTarget& target,
                                                     const buffer::StoredLayout::ChunkRef& chunk);
  Result<std::shared_ptr<const Projection>> DeriveChunk(
      const DecodedTarget& target, const buffer::StoredLayout::ChunkRef& chunk);
  void Insert(Entry entry, const buffer::StoredLayout& stored);
  void EvictLast();

  FrameSource& source_;
  ProjectionRules rules_;
  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  uint64_t derived_count_ = 0;
  // Content of the records at places of the log. Emptied when it has grown to kPlacesMax.
  std::unordered_map<buffer::Sequence, ContentId> places_;
  Parts parts_;
  ProjectionModels models_;
  buffer::ChunkDecoder decoder_;
  Entries entries_;
  std::unordered_map<ContentPair, Entries::iterator, ContentPairHash> index_;
};

}  // namespace sluice::remotewrite
