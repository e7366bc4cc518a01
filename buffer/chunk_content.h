// What is inside a chunk, uncompressed: a list of items, each a family or a series.
#pragma once

#include <cstdint>
#include <string>

#include "base/varint.h"
#include "buffer/chunk.h"

namespace sluice::buffer {

// The first byte of a stored chunk. On disk: do not renumber.
inline constexpr char kChunkVersion = 1;

// The first number of an item. This one starts a family; any other is the number of labels that a
// series sets, plus one. On disk: do not renumber.
inline constexpr uint64_t kFamilyTag = 0;

void AppendFamily(const FamilyView& family, std::string& content);

// The rest of a family, after its tag; false when it is malformed.
bool ReadFamily(ByteReader& reader, FamilyView& family);

// The rest of a series, after its tag. Every label goes to `on_set(LabelView)`, every name to
// `on_unset(std::string_view)`. False when it is malformed; what came out by then says nothing.
template <class OnSet, class OnUnset>
bool ReadSeries(ByteReader& reader, uint64_t tag, OnSet on_set, OnUnset on_unset) {
  const uint64_t set_count = tag - 1;
  // Every label takes two bytes at least, so a count beyond that lies.
  if (set_count > reader.rest().size() / 2) return false;
  for (uint64_t i = 0; i < set_count && reader.ok(); ++i) {
    const std::string_view name = reader.String();
    if (name.empty()) return false;
    on_set(LabelView{.name = name, .value = reader.String()});
  }
  const uint64_t unset_count = reader.Varint();
  if (unset_count > reader.rest().size()) return false;
  for (uint64_t i = 0; i < unset_count && reader.ok(); ++i) {
    const std::string_view name = reader.String();
    if (name.empty()) return false;
    on_unset(name);
  }
  return reader.ok();
}

}  // namespace sluice::buffer
