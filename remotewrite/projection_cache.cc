#include "remotewrite/projection_cache.h"

#include <algorithm>

#include "base/heap.h"

namespace sluice::remotewrite {

namespace {

constexpr size_t kPlacesMax = 65'536;

// To derive so many leaves much freed memory behind.
constexpr uint64_t kManyChunks = 1'000;

// What an entry and a map node cost besides the projections themselves.
constexpr uint64_t kEntryBytes = 256;
constexpr uint64_t kPartBytes = 128;
constexpr uint64_t kReferenceBytes = sizeof(std::shared_ptr<const Projection>) + sizeof(void*);

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

Status ProjectionCache::ReadTarget(Places& places) {
  if (places.target) return {};
  Result<buffer::StoredTarget> target = source_.LoadTarget(places.target_at);
  if (!target.ok()) return target.error();
  places.target = std::move(*target);
  return {};
}

Status ProjectionCache::ReadLayout(Places& places) {
  if (places.layout) return {};
  Result<buffer::StoredLayout> layout = source_.LoadLayout(places.layout_at);
  if (!layout.ok()) return layout.error();
  places.layout = std::move(*layout);
  return {};
}

Result<ContentId> ProjectionCache::TargetId(Places& places) {
  const auto found = places_.find(places.target_at);
  if (found != places_.end()) return found->second;
  if (Status status = ReadTarget(places); !status.ok()) return status.error();
  NotePlace(places.target_at, places.target->id);
  return places.target->id;
}

Result<ContentId> ProjectionCache::LayoutId(Places& places) {
  const auto found = places_.find(places.layout_at);
  if (found != places_.end()) return found->second;
  if (Status status = ReadLayout(places); !status.ok()) return status.error();
  NotePlace(places.layout_at, places.layout->id);
  return places.layout->id;
}

void ProjectionCache::NotePlace(buffer::Sequence at, const ContentId& id) {
  if (places_.size() >= kPlacesMax) places_.clear();
  places_.emplace(at, id);
}

Result<std::shared_ptr<const LayoutProjection>> ProjectionCache::Get(buffer::Sequence target_at,
                                                                     buffer::Sequence layout_at,
                                                                     MonotonicTime now) {
  Places places;
  places.target_at = target_at;
  places.layout_at = layout_at;
  const Result<ContentId> target = TargetId(places);
  if (!target.ok()) return target.error();
  const Result<ContentId> layout = LayoutId(places);
  if (!layout.ok()) return layout.error();
  const ContentPair key{*target, *layout};
  const auto found = index_.find(key);
  if (found != index_.end()) {
    found->second->used_at = now;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->layout;
  }
  const uint64_t derived_before = derived_count_;
  Result<std::shared_ptr<const LayoutProjection>> derived = Derive(key, places);
  if (derived.ok()) {
    entries_.front().used_at = now;
    while (memory_bytes() > bytes_max_ && entries_.size() > 1) EvictLast();
  }
  if (derived_count_ - derived_before >= kManyChunks) ReturnFreedMemory();
  return derived;
}

Result<std::shared_ptr<const LayoutProjection>> ProjectionCache::Derive(const ContentPair& key,
                                                                        Places& places) {
  if (Status status = ReadTarget(places); !status.ok()) return status.error();
  Result<std::vector<buffer::LabelView>> labels =
      buffer::TargetLabels::Decode(places.target->stored);
  if (!labels.ok()) return labels.error();
  if (Status status = ReadLayout(places); !status.ok()) return status.error();
  const buffer::StoredLayout& layout = *places.layout;

  DecodedTarget decoded{.labels = *labels, .text = nullptr};
  if (rules_.symbols == nullptr) decoded.text = models_.TextOf(key.target, *labels);
  auto result = std::make_shared<LayoutProjection>();
  Entry entry;
  result->key = key;
  result->parts.reserve(layout.chunks.size());
  entry.parts.reserve(layout.chunks.size());
  uint64_t series_count = 0;
  for (const buffer::StoredLayout::ChunkRef& chunk : layout.chunks) {
    const auto shared = parts_.find(ContentPair{key.target, chunk.id});
    const bool is_shared = shared != parts_.end();
    entry.parts.push_back(is_shared ? &*shared : nullptr);
    Result<std::shared_ptr<const Projection>> part =
        is_shared ? shared->second.part : MakePart(decoded, chunk);
    if (!part.ok()) return part.error();
    if ((*part)->series_count() != chunk.series_count) {
      return Corruption("chunk holds another number of series than its layout says");
    }
    series_count += (*part)->series_count();
    result->dropped_count += (*part)->dropped_count();
    result->parts.push_back(std::move(*part));
  }
  if (series_count != layout.series_count) {
    return Corruption("layout holds another number of series than it says");
  }
  result->series_count = layout.series_count;
  if (rules_.parts_series()) result->shares = ShareOut(*result);
  entry.layout = result;
  Insert(std::move(entry), layout);
  return std::shared_ptr<const LayoutProjection>(result);
}

Result<std::shared_ptr<const Projection>> ProjectionCache::MakePart(
    const DecodedTarget& target, const buffer::StoredLayout::ChunkRef& chunk) {
  if (target.text != nullptr) {
    if (auto like = models_.FindLike(chunk.id, target.text)) return like;
  }
  return DeriveChunk(target, chunk);
}

Result<std::shared_ptr<const Projection>> ProjectionCache::DeriveChunk(
    const DecodedTarget& target, const buffer::StoredLayout::ChunkRef& chunk) {
  const Result<std::string> stored = source_.LoadChunk(chunk.at);
  if (!stored.ok()) return stored.error();
  const Result<buffer::DecodedChunk> decoded = decoder_.Decode(*stored);
  if (!decoded.ok()) return decoded.error();
  ++derived_count_;
  auto projection = std::make_shared<Projection>(Project(target.labels, *decoded, rules_));
  if (target.text != nullptr) models_.Share(chunk.id, target.text, *projection);
  if (rules_.families != nullptr) {
    projection->HoldFamilies(rules_.families->Learn(chunk.id, *decoded));
  }
  return std::shared_ptr<const Projection>(std::move(projection));
}

// Parts that were not there yet come in.
void ProjectionCache::Insert(Entry entry, const buffer::StoredLayout& stored) {
  const LayoutProjection& layout = *entry.layout;
  for (size_t i = 0; i < entry.parts.size(); ++i) {
    Parts::value_type*& place = entry.parts[i];
    const ContentPair key{layout.key.target, stored.chunks[i].id};
    if (place == nullptr) place = &*parts_.try_emplace(key).first;
    SharedPart& shared = place->second;
    if (shared.uses++ == 0) {
      shared.part = layout.parts[i];
      models_.Hold(key.target, key.content, shared.part);
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
  for (Parts::value_type* const place : last.parts) {
    SharedPart& shared = place->second;
    if (--shared.uses > 0) continue;
    const ContentPair key = place->first;
    models_.Release(key.target, key.content, *shared.part);
    bytes_ -= kPartBytes + shared.part->memory_bytes();
    parts_.erase(key);
  }
  bytes_ -= EntryBytes(*last.layout);
  index_.erase(last.layout->key);
  entries_.pop_back();
}

void ProjectionCache::Trim(MonotonicTime now) {
  while (!entries_.empty() && now - entries_.back().used_at > kIdleMax) EvictLast();
}

}  // namespace sluice::remotewrite
