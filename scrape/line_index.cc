#include "scrape/line_index.h"

#include <cstdint>

#include "base/hash.h"
#include "scrape/key_digest.h"

namespace sluice::scrape {

void LineIndex::Build(KeyReader& page) {
  built_ = true;
  const size_t count = page.page().size();
  index_.Clear();
  index_.Reserve(count);
  for (size_t i = 0; i < count; ++i) {
    // Of equal lines the first one is found, because it is met first in its run of cells.
    index_.Insert(Xxh3(page.At(i)), static_cast<uint32_t>(i));
  }
}

size_t LineIndex::Find(KeyReader& page, std::string_view key) const {
  const size_t line = FindText(page, key);
  if (line != PageTemplate::kNone || !page.page().has_digests()) return line;
  return FindText(page, KeyDigest(key).text());
}

size_t LineIndex::FindText(KeyReader& page, std::string_view text) const {
  const uint32_t line = index_.Find(Xxh3(text), [&](uint32_t id) { return page.At(id) == text; });
  return line == HashIndex::kNone ? PageTemplate::kNone : line;
}

}  // namespace sluice::scrape
