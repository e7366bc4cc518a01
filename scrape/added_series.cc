#include "scrape/added_series.h"

#include "base/result.h"

namespace sluice::scrape {
namespace {

constexpr size_t kPlainBytesMax = 4U << 20;
constexpr size_t kPackedTogether = 128;

}  // namespace

void AddedSeries::Texts::Add(std::string_view encoded) {
  text.append(encoded);
  ends.push_back(text.size());
}

std::string_view AddedSeries::Texts::At(size_t i) const {
  const size_t from = i == 0 ? 0 : ends[i - 1];
  return std::string_view(text).substr(from, ends[i] - from);
}

void AddedSeries::Add(std::string_view encoded, uint64_t hash, FamilyId family) {
  hashes_.push_back(hash);
  families_.push_back(family);
  if (first_.text.size() < kPlainBytesMax) {
    first_.Add(encoded);
    return;
  }
  last_.Add(encoded);
  if (last_.ends.size() == kPackedTogether) Pack();
}

void AddedSeries::Pack() {
  if (!builder_.has_value()) builder_.emplace();
  for (size_t i = 0; i < last_.ends.size(); ++i) builder_->AddEncoded(last_.At(i));
  chunks_.push_back(builder_->Finish());
  last_.text.clear();
  last_.ends.clear();
}

std::string_view AddedSeries::Reader::Read(uint32_t i) {
  const size_t first_count = added_.first_.ends.size();
  if (i < first_count) return added_.first_.At(i);
  const size_t chunk = (i - first_count) / kPackedTogether;
  const size_t in_chunk = (i - first_count) % kPackedTogether;
  if (chunk == added_.chunks_.size()) return added_.last_.At(in_chunk);
  if (chunk != open_) {
    const Status opened = scanner_.Open(added_.chunks_[chunk]->stored);
    SLUICE_CHECK(opened.ok());  // we encoded it ourselves, and it never left the memory
    open_ = chunk;
  }
  return scanner_.series(static_cast<uint32_t>(in_chunk));
}

}  // namespace sluice::scrape
