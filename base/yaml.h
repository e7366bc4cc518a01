// YAML (and so JSON) documents as a tree that remembers where each node stands: the only place
// that includes yaml-cpp.
//
// What Go's yaml.v2 does in strict mode is what counts: duplicate keys are kept here, so that a
// decoder can refuse them; anchors, aliases and merge keys (`<<`) are resolved. Bounded: at most
// kYamlMaxNodes nodes and kYamlMaxDepth levels, aliases counted as what they stand for.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

inline constexpr size_t kYamlMaxNodes = 4'000'000;
inline constexpr size_t kYamlMaxDepth = 64;

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  std::string scalar;              // kScalar, and the spelling of a kNull ("", "~", "null")
  bool quoted = false;             // a quoted scalar is a string, never null, bool or number
  std::string tag;                 // explicit tags only, e.g. "!!binary"
  int line = 0;                    // from 1; 0 = not from a file
  int column = 0;                  // from 1
  std::vector<YamlNode> items;     // kSequence
  std::vector<YamlEntry> entries;  // kMap, in file order, duplicates kept
};

// Not a std::pair, which looks into YamlNode before that is complete.
struct YamlEntry {
  YamlNode first;   // the key
  YamlNode second;  // the value
};

// The first document of `text`; an empty one is a null node. Errors: `FILE:LINE:COLUMN: message`.
Result<YamlNode> ParseYaml(std::string_view text, std::string_view file_name);

// As above, from a file; kNotFound or kInternal when it cannot be read.
Result<YamlNode> LoadYamlFile(const std::string& path);

}  // namespace sluice
