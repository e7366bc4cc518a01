#include "remotewrite/projection_cache.h"

#include <algorithm>

namespace sluice::remotewrite {

namespace {

constexpr size_t kPlacesMax = 65'536;

// What an entry and a map node cost besides the projections themselves.
constexpr uint64_t kEntryBytes = 256;
constexpr uint64_t kPartBytes = 128;
constexpr uint64_t kReferenceBytes = sizeof(std::shared_ptr<const Projection>) + sizeof(ContentId);

uint64_t EntryBytes(const LayoutProjection& layout) {
  uint64_t bytes = kEntryBytes + layout.parts.size() * kReferenceBytes;
  for (const TenantShare& share : layout.shares) {
    bytes += sizeof(share) + share.series.capacity() * sizeof(uint32_t);
  }
  return bytes;
}

// In the order in which tenants come up.
std::vector<TenantShare> ShareOut(const LayoutProjection& layout) {
  std::vector<TenantShare> shares;
  std::unordered_map<TenantId, size_t> places;
  std::vector<uint32_t> unsent;
  uint32_t series = 0;
  for (const auto& part : layout.parts) {
    for (uint32_t i = 0; i < part->series_count(); ++i, ++series) {
      if (!part->Sends(i)) {
        unsent.push_back(series);
        continue;
      }
      const TenantId tenant = part->TenantOf(i);
      const auto [place, is_new] = places.try_emplace(tenant, shares.size());
      if (is_new) shares.push_back({.tenant = tenant, .series = {}});
      shares[place->second].series.push_back(series);
    }
  }
  if (shares.empty()) return std::vector<TenantShare>(1);
  if (shares.size() == 1) {
    shares.front().series.clear();
    return shares;
  }
  std::vector<uint32_t>& first = shares.front().series;
  const auto middle = static_cast<std::ptrdiff_t>(first.size());
  first.insert(first.end(), unsent.begin(), unsent.end());
  std::inplace_merge(first.begin(), first.begin() + middle, first.end());
  for (TenantShare& share : shares) share.series.shrink_to_fit();
  return shares;
}

}  // namespace

ProjectionCache::ProjectionCache(FrameSource& source, const ProjectionRules& rules,
                                 uint64_t bytes_max)
    : source_(source), rules_(rules), bytes_max_(bytes_max) {}

Result<ContentId> ProjectionCache::IdAt(buffer::Sequence at, bool is_target) {
  const auto found = places_.find(at);
  if (found != places_.end()) return found->second;
  ContentId id;
  if (is_target) {
    Result<buffer::StoredTarget> target = source_.LoadTarget(at);
    if (!target.ok()) return target.error();
    id = target->id;
  } else {
    Result<buffer::StoredLayout> layout = source_.LoadLayout(at);
    if (!layout.ok()) return layout.error();
    id = layout->id;
  }
  if (places_.size() >= kPlacesMax) places_.clear();
  places_.emplace(at, id);
  return id;
}

Result<std::shared_ptr<const LayoutProjection>> ProjectionCache::Get(buffer::Sequence target_at,
                                                                     buffer::Sequence layout_at,
                                                                     MonotonicTime now) {
  const Result<ContentId> target = IdAt(target_at, true);
  if (!target.ok()) return target.error();
  const Result<ContentId> layout = IdAt(layout_at, false);
  if (!layout.ok()) return layout.error();
  const ContentPair key{*target, *layout};
  const auto found = index_.find(key);
  if (found != index_.end()) {
    found->second->used_at = now;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->layout;
  }
  Result<std::shared_ptr<const LayoutProjection>> derived = Derive(key, target_at, layout_at);
  if (derived.ok()) {
    entries_.front().used_at = now;
    while (memory_bytes() > bytes_max_ && entries_.size() > 1) EvictLast();
  }
  return derived;
}

Result<std::shared_ptr<const LayoutProjection>> ProjectionCache::Derive(
    const ContentPair& key, buffer::Sequence target_at, buffer::Sequence layout_at) {
  Result<buffer::StoredTarget> target = source_.LoadTarget(target_at);
  if (!target.ok()) return target.error();
  Result<std::vector<buffer::LabelView>> labels = buffer::TargetLabels::Decode(target->stored);
  if (!labels.ok()) return labels.error();
  Result<buffer::StoredLayout> layout = source_.LoadLayout(layout_at);
  if (!layout.ok()) return layout.error();

  DecodedTarget decoded{.labels = *labels, .text = nullptr};
  if (rules_.symbols == nullptr) decoded.text = models_.TextOf(key.target, *labels);
  auto result = std::make_shared<LayoutProjection>();
  Entry entry;
  result->key = key;
  uint64_t series_count = 0;
  for (const buffer::StoredLayout::ChunkRef& chunk : layout->chunks) {
    const auto shared = parts_.find(ContentPair{key.target, chunk.id});
    std::shared_ptr<const Projection> part;
    if (shared != parts_.end()) {
      part = shared->second.part;
    } else {
      Result<std::shared_ptr<const Projection>> derived = DeriveChunk(decoded, chunk);
      if (!derived.ok()) return derived.error();
      part = *derived;
    }
    if (part->series_count() != chunk.series_count) {
      return Corruption("chunk holds another number of series than its layout says");
    }
    series_count += part->series_count();
    result->dropped_count += part->dropped_count();
    result->parts.push_back(std::move(part));
    entry.chunks.push_back(chunk.id);
  }
  if (series_count != layout->series_count) {
    return Corruption("layout holds another number of series than it says");
  }
  result->series_count = layout->series_count;
  if (rules_.parts_series()) result->shares = ShareOut(*result);
  entry.layout = result;
  Insert(std::move(entry));
  return std::shared_ptr<const LayoutProjection>(result);
}

Result<std::shared_ptr<const Projection>> ProjectionCache::DeriveChunk(
    const DecodedTarget& target, const buffer::StoredLayout::ChunkRef& chunk) {
  const Result<std::string> stored = source_.LoadChunk(chunk.at);
  if (!stored.ok()) return stored.error();
  const Result<buffer::DecodedChunk> decoded = buffer::DecodedChunk::Decode(*stored);
  if (!decoded.ok()) return decoded.error();
  ++derived_count_;

  // The families are held for as long as the projection is.
  struct Kept {
    Projection projection;
    std::shared_ptr<const ChunkFamilies> families;
  };

  auto kept = std::make_shared<Kept>(Kept{Project(target.labels, *decoded, rules_), nullptr});
  if (target.text != nullptr) models_.Share(chunk.id, target.text, kept->projection);
  if (rules_.families != nullptr) kept->families = rules_.families->Learn(chunk.id, *decoded);
  return std::shared_ptr<const Projection>(kept, &kept->projection);
}

void ProjectionCache::Insert(Entry entry) {
  const LayoutProjection& layout = *entry.layout;
  for (size_t i = 0; i < entry.chunks.size(); ++i) {
    SharedPart& shared = parts_[ContentPair{layout.key.target, entry.chunks[i]}];
    if (shared.uses++ == 0) {
      shared.part = layout.parts[i];
      models_.Hold(layout.key.target, entry.chunks[i], *shared.part);
      bytes_ += kPartBytes + shared.part->memory_bytes();
    }
  }
  bytes_ += EntryBytes(layout);
  const ContentPair key = layout.key;
  entries_.push_front(std::move(entry));
  index_[key] = entries_.begin();
}

void ProjectionCache::EvictLast() {
  const Entry& last = entries_.back();
  for (const ContentId& chunk : last.chunks) {
    const auto shared = parts_.find(ContentPair{last.layout->key.target, chunk});
    if (--shared->second.uses > 0) continue;
    models_.Release(last.layout->key.target, chunk, *shared->second.part);
    bytes_ -= kPartBytes + shared->second.part->memory_bytes();
    parts_.erase(shared);
  }
  bytes_ -= EntryBytes(*last.layout);
  index_.erase(last.layout->key);
  entries_.pop_back();
}

void ProjectionCache::Trim(MonotonicTime now) {
  while (!entries_.empty() && now - entries_.back().used_at > kIdleMax) EvictLast();
}

}  // namespace sluice::remotewrite
