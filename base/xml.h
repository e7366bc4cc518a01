// XML documents, read only: the only place that includes expat.
//
// What Go's encoding/xml gives to its structs is what counts: names without their prefix, text
// without comments. Bounded: at most kXmlMaxElements elements and kXmlMaxDepth levels. A document
// type is an error, so there are no entities but the five of XML itself.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sluice {

inline constexpr size_t kXmlMaxElements = 2'000'000;
inline constexpr size_t kXmlMaxDepth = 64;

struct XmlElement {
  std::string name;
  std::string text;         // its own, decoded
  std::string_view source;  // what stands between its tags, as it is; part of the parsed text
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<XmlElement> children;

  // The first one with this name; null if there is none.
  const XmlElement* Child(std::string_view child_name) const;

  // The text of that one; empty if there is none.
  std::string_view TextOf(std::string_view child_name) const;

  // All children with this name.
  std::vector<const XmlElement*> All(std::string_view child_name) const;

  // Empty if there is none.
  std::string_view Attribute(std::string_view attribute_name) const;
};

// The root element. `text` is UTF-8 and must outlive it.
Result<XmlElement> ParseXml(std::string_view text);

}  // namespace sluice
