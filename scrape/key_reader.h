// Reads the keys of a page's lines.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "scrape/key_digest.h"
#include "scrape/page_template.h"

namespace sluice::scrape {

// Cheap as long as lines ascend one by one; else some of the lines before are gone through. Borrows
// the template. Thread-compatible.
class KeyReader {
 public:
  explicit KeyReader(const PageTemplate& page) : page_(&page) {}

  const PageTemplate& page() const { return *page_; }

  // Of very long ones, and of those of too large pages, it is the digest. Valid until the next
  // call.
  std::string_view At(size_t line) {
    if (line + 1 != next_) {
      if (line != next_) MoveTo(line);
      Step();
    }
    const PageTemplate::Line& read = page_->lines()[line];
    if (read.mark.is_metadata()) return page_->told().substr(place_.told - read.own, read.own);
    return {text_.data(), size_};
  }

  // Where somebody is who goes through the lines on their own.
  struct Position {
    PageTemplate::Place place;  // of the line
    std::string_view before;    // the key of the sample before it, of which it may have bytes
  };

  // Valid until the next call. Some bytes may be read beyond.
  Position PositionAt(size_t line) {
    if (line != next_) MoveTo(line);
    return {.place = place_, .before = {text_.data(), size_}};
  }

  // Where they came to, having compared bytes of theirs with these keys: nothing has to be gone
  // through again.
  void SetPosition(size_t line, const Position& position);

  // Whether this is the key of the line, though it may have only its digest.
  bool HasKey(size_t line, std::string_view key);

  // The bytes that are kept of the sample that was read last.
  std::string_view own() const {
    const size_t size = page_->lines()[next_ - 1].own;
    return page_->own().substr(place_.own - size, size);
  }

 private:
  // What is moved in one go, whatever of it counts.
  static constexpr size_t kStep = 32;

  void MoveTo(size_t line);

  void Step() {
    const PageTemplate::Line& line = page_->lines()[next_++];
    if (line.mark.is_metadata()) {
      place_.told += line.own;
      return;
    }
    const std::string_view own = page_->own();
    const bool is_long = line.own > kStep || line.suffix > kStep;
    if (is_long || own.size() - place_.own < kStep) [[unlikely]] {
      MakeLong(line);
      return;
    }
    std::array<char, kStep> middle;
    std::array<char, kStep> end;
    std::memcpy(middle.data(), own.data() + place_.own, kStep);
    std::memcpy(end.data(), text_.data() + size_ - line.suffix, kStep);
    char* const at = text_.data() + line.prefix;
    std::memcpy(at, middle.data(), kStep);
    std::memcpy(at + line.own, end.data(), kStep);
    size_ = line.key_size();
    place_.own += line.own;
  }

  void MakeLong(const PageTemplate::Line& line);

  const PageTemplate* page_;
  size_t next_ = 0;  // after the one that was read last
  PageTemplate::Place place_;
  // The key of the last sample that was passed.
  size_t size_ = 0;
  std::array<char, kKeyBytesMax + kStep> text_;
};

}  // namespace sluice::scrape
