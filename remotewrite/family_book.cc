#include "remotewrite/family_book.h"

#include <algorithm>
#include <string_view>

#include "base/varint.h"
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

// Of all that is said; equal for chunks of other series under the same families. No chunk has it.
ContentId SaidBy(const buffer::DecodedChunk& chunk) {
  std::string said = "said";
  for (const buffer::FamilyView& family : chunk.families) {
    if (!SaysSomething(family)) continue;
    PutString(said, family.name);
    said.push_back(static_cast<char>(family.type));
    PutString(said, family.help);
    PutString(said, family.unit);
  }
  return ContentIdOf(said);
}

}  // namespace

ChunkFamilies::ChunkFamilies(const buffer::DecodedChunk& chunk) {
  size_t size = 0;
  size_t count = 0;
  for (const buffer::FamilyView& family : chunk.families) {
    if (!SaysSomething(family)) continue;
    size += family.name.size() + family.help.size() + family.unit.size();
    ++count;
  }
  text_.reserve(size);  // so that views stay good
  families_.reserve(count);
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
  if (auto families = chunks_[id].lock()) return families;
  const ContentId said = SaidBy(chunk);
  if (auto families = chunks_[said].lock()) {
    chunks_[id] = families;
    return families;
  }
  if (bytes_ >= kBytesMax) Prune();
  if (bytes_ >= kBytesMax) return nullptr;
  auto families = std::make_shared<const ChunkFamilies>(chunk);
  bytes_ += families->memory_bytes();
  chunks_[id] = families;
  chunks_[said] = families;
  return families;
}

void FamilyBook::Prune() {
  bytes_ = 0;
  for (const auto& families : Current()) bytes_ += families->memory_bytes();
}

std::vector<std::shared_ptr<const ChunkFamilies>> FamilyBook::Current() {
  std::erase_if(chunks_, [](const auto& entry) { return entry.second.expired(); });
  std::vector<std::shared_ptr<const ChunkFamilies>> current;
  for (const auto& [id, chunk] : chunks_) {
    if (auto families = chunk.lock()) current.push_back(std::move(families));
  }
  std::sort(current.begin(), current.end());
  current.erase(std::unique(current.begin(), current.end()), current.end());
  return current;
}

}  // namespace sluice::remotewrite
