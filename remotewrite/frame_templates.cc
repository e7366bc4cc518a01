#include "remotewrite/frame_templates.h"

#include <algorithm>
#include <utility>

#include "remotewrite/template_maker.h"

namespace sluice::remotewrite {

namespace {

// A generation lasts so many times as long as it takes to ask for all once; long enough to come to
// kUsesMin.
constexpr uint64_t kRounds = 16;
constexpr uint64_t kAskedMin = 1'000;
constexpr size_t kUsesKeptMax = 65'536;

constexpr uint64_t kEntryBytes = 256;

bool HasModels(const LayoutProjection& layout) {
  return std::all_of(layout.parts.begin(), layout.parts.end(),
                     [](const auto& part) { return part->model() != nullptr; });
}

}  // namespace

const FrameTemplate* FrameTemplates::Get(const LayoutProjection& layout) {
  if (layout.series_count < kSeriesMin || !HasModels(layout)) return nullptr;
  ++asked_;
  Age();
  if (const Entry* const found = Find(layout)) return found->made.get();
  if (!IsFrequent(layout)) return nullptr;
  auto entry = std::make_shared<Entry>();
  for (const auto& part : layout.parts) entry->models.push_back(part->model());
  entry->target = layout.parts.front()->target();
  entry->made = TemplateMaker(layout.parts).Make();
  const FrameTemplate* const made = entry->made.get();
  AddYoung(layout.key.content, std::move(entry));
  return made;
}

bool FrameTemplates::IsFor(const Entry& entry, const LayoutProjection& layout) {
  return entry.target->IsShapedLike(*layout.parts.front()->target()) &&
         std::equal(entry.models.begin(), entry.models.end(), layout.parts.begin(),
                    layout.parts.end(),
                    [](const auto& model, const auto& part) { return model == part->model(); });
}

uint64_t FrameTemplates::BytesOf(const Entry& entry) {
  return kEntryBytes + entry.models.capacity() * sizeof(entry.models.front()) +
         (entry.made == nullptr ? 0 : entry.made->memory_bytes());
}

const FrameTemplates::Entry* FrameTemplates::Find(const LayoutProjection& layout) {
  const ContentId& content = layout.key.content;
  const auto find = [&](Generation& generation) {
    const auto [begin, end] = generation.entries.equal_range(content);
    const auto found =
        std::find_if(begin, end, [&](const auto& each) { return IsFor(*each.second, layout); });
    return found == end ? generation.entries.end() : found;
  };
  const auto young = find(young_);
  if (young != young_.entries.end()) return young->second.get();
  const auto old = find(old_);
  if (old == old_.entries.end()) return nullptr;
  const std::shared_ptr<const Entry> entry = old->second;
  old_.entries.erase(old);
  old_.bytes -= BytesOf(*entry);
  AddYoung(content, entry);
  return entry.get();
}

void FrameTemplates::AddYoung(const ContentId& layout, std::shared_ptr<const Entry> entry) {
  young_.bytes += BytesOf(*entry);
  young_.entries.emplace(layout, std::move(entry));
}

bool FrameTemplates::IsFrequent(const LayoutProjection& layout) {
  if (uses_.size() >= kUsesKeptMax) uses_.clear();
  const uint64_t key = std::hash<ContentId>()(layout.key.content) * 0x9e3779b97f4a7c15ULL +
                       layout.parts.front()->target()->ShapeHash();
  const auto found = uses_.try_emplace(key, uint8_t{0}).first;
  if (++found->second < kUsesMin) return false;
  uses_.erase(found);
  return true;
}

void FrameTemplates::Age() {
  const uint64_t all = young_.entries.size() + old_.entries.size() + uses_.size();
  const bool is_full = young_.bytes > bytes_max_ / 2;
  if (!is_full && asked_ < kRounds * all + kAskedMin) return;
  old_ = std::exchange(young_, {});
  asked_ = 0;
}

}  // namespace sluice::remotewrite
