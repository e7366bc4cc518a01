// What is remembered in place of a key that is too long, or one of too many.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace sluice::scrape {

// A NUL, 112 bits of the key's hash and its size, in bytes of which none is ASCII. No key is like
// that: in the text formats none has a NUL, elsewhere a letter or a small number follows it. A
// value.
class KeyDigest {
 public:
  static constexpr size_t kBytes = 21;

  explicit KeyDigest(std::string_view key);

  std::string_view text() const { return {text_.data(), text_.size()}; }

  static bool IsDigest(std::string_view text) {
    return text.size() == kBytes && text[0] == '\0' && (text[1] & '\x80') != 0;
  }

  // How large the key is of which `digest` is one.
  static size_t KeySizeOf(std::string_view digest);

  // Whether `text` is the digest of this key.
  static bool Matches(std::string_view text, std::string_view key);

 private:
  std::array<char, kBytes> text_;
};

}  // namespace sluice::scrape
