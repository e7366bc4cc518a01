// Finds the lines of a page by their keys.
#pragma once

#include <cstddef>
#include <string_view>

#include "scrape/hash_index.h"
#include "scrape/key_reader.h"
#include "scrape/page_template.h"

namespace sluice::scrape {

// Thread-compatible. `page` is the same in every call.
class LineIndex {
 public:
  bool is_built() const { return built_; }

  void Build(KeyReader& page);
  // The first line with this key, or PageTemplate::kNone.
  size_t Find(KeyReader& page, std::string_view key) const;

 private:
  size_t FindText(KeyReader& page, std::string_view text) const;

  HashIndex index_;
  bool built_ = false;
};

}  // namespace sluice::scrape
