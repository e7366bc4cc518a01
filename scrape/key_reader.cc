#include "scrape/key_reader.h"

#include <cstring>

namespace sluice::scrape {

bool KeyReader::HasKey(size_t line, std::string_view key) {
  const size_t size = page_->lines()[line].key_size();
  if (size == key.size() && At(line) == key) return true;
  return size == KeyDigest::kBytes && page_->has_digests() && KeyDigest::Matches(At(line), key);
}

void KeyReader::SetPosition(size_t line, const Position& position) {
  next_ = line;
  place_ = position.place;
  size_ = position.before.size();
  if (position.before.data() == text_.data()) return;
  std::memcpy(text_.data(), position.before.data(), size_);
}

void KeyReader::MoveTo(size_t line) {
  constexpr size_t kRun = PageTemplate::kRunLines;
  if (next_ > line || next_ / kRun != line / kRun) {
    next_ = line - line % kRun;
    place_ = page_->PlaceOfRun(line);
    size_ = 0;
  }
  while (next_ < line) Step();
}

void KeyReader::MakeLong(const PageTemplate::Line& line) {
  char* const own = text_.data() + line.prefix;
  std::memmove(own + line.own, text_.data() + size_ - line.suffix, line.suffix);
  std::memcpy(own, page_->own().data() + place_.own, line.own);
  size_ = line.key_size();
  place_.own += line.own;
}

}  // namespace sluice::scrape
