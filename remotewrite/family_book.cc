#include "remotewrite/family_book.h"

#include <algorithm>
#include <string_view>

#include "relabel/labels.h"

namespace sluice::remotewrite {
namespace {

// A longer text is no help to anybody.
constexpr size_t kTextBytesMax = 64 << 10;

bool IsFit(std::string_view text) {
  return text.size() <= kTextBytesMax && relabel::IsValidUtf8(text);
}

bool SaysSomething(const buffer::FamilyView& family) {
  const bool says =
      family.type != buffer::MetricType::kUnknown || !family.help.empty() || !family.unit.empty();
  return says && !family.name.empty() && IsFit(family.name) && IsFit(family.help) &&
         IsFit(family.unit);
}

}  // namespace

ChunkFamilies::ChunkFamilies(const buffer::DecodedChunk& chunk) {
  size_t size = 0;
  for (const buffer::FamilyView& family : chunk.families) {
    if (SaysSomething(family)) size += family.name.size() + family.help.size() + family.unit.size();
  }
  text_.reserve(size);  // so that views stay good
  const auto keep = [this](std::string_view text) {
    const size_t begin = text_.size();
    text_ += text;
    return std::string_view(text_).substr(begin);
  };
  for (const buffer::FamilyView& family : chunk.families) {
    if (!SaysSomething(family)) continue;
    families_.push_back({.name = keep(family.name),
                         .type = family.type,
                         .help = keep(family.help),
                         .unit = keep(family.unit)});
  }
}

size_t ChunkFamilies::memory_bytes() const {
  return sizeof(*this) + text_.capacity() + families_.capacity() * sizeof(buffer::FamilyView);
}

std::shared_ptr<const ChunkFamilies> FamilyBook::Learn(const ContentId& id,
                                                       const buffer::DecodedChunk& chunk) {
  if (std::none_of(chunk.families.begin(), chunk.families.end(), SaysSomething)) return nullptr;
  std::weak_ptr<const ChunkFamilies>& known = chunks_[id];
  if (auto families = known.lock()) return families;
  if (bytes_ >= kBytesMax) Prune();
  if (bytes_ >= kBytesMax) return nullptr;
  auto families = std::make_shared<const ChunkFamilies>(chunk);
  bytes_ += families->memory_bytes();
  chunks_[id] = families;
  return families;
}

void FamilyBook::Prune() {
  std::erase_if(chunks_, [](const auto& entry) { return entry.second.expired(); });
  bytes_ = 0;
  for (const auto& [id, chunk] : chunks_) {
    if (const auto families = chunk.lock()) bytes_ += families->memory_bytes();
  }
}

std::vector<std::shared_ptr<const ChunkFamilies>> FamilyBook::Current() {
  Prune();
  std::vector<std::shared_ptr<const ChunkFamilies>> current;
  for (const auto& [id, chunk] : chunks_) {
    if (auto families = chunk.lock()) current.push_back(std::move(families));
  }
  return current;
}

}  // namespace sluice::remotewrite
