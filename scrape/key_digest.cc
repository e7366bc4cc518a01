#include "scrape/key_digest.h"

#include <cstdint>
#include <cstring>

#include "base/hash.h"

namespace sluice::scrape {
namespace {

// The upper half of ASCII only, so that no byte means anything.
constexpr unsigned char kMark = 0x80;
constexpr uint64_t kMarks = 0x8080808080808080;
constexpr unsigned kSizeBits = 7;
constexpr size_t kSizeAt = 1 + 2 * sizeof(uint64_t);

}  // namespace

KeyDigest::KeyDigest(std::string_view key) : text_{} {
  const ContentId id = ContentIdOf(key);
  const std::array<uint64_t, 2> words = {id.high | kMarks, id.low | kMarks};
  std::memcpy(text_.data() + 1, words.data(), sizeof(words));
  size_t size = key.size();
  for (size_t at = kSizeAt; at < kBytes; ++at, size >>= kSizeBits) {
    text_[at] = static_cast<char>(kMark | size);
  }
}

size_t KeyDigest::KeySizeOf(std::string_view digest) {
  size_t size = 0;
  for (size_t at = kBytes; at > kSizeAt; --at) {
    size = size << kSizeBits | (static_cast<unsigned char>(digest[at - 1]) ^ kMark);
  }
  return size;
}

bool KeyDigest::Matches(std::string_view text, std::string_view key) {
  return IsDigest(text) && KeySizeOf(text) == key.size() && KeyDigest(key).text() == text;
}

}  // namespace sluice::scrape
