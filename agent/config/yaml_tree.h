// YAML trees, made and changed.
#pragma once

#include <string_view>

#include "base/yaml.h"

namespace sluice::agent {

YamlNode ScalarNode(std::string_view text, bool quoted = false);
YamlNode TextNode(std::string_view text);  // a string, whatever it looks like
YamlNode FlagNode(bool flag);
YamlNode EmptyMap();
YamlNode EmptyList();

// Null when the map has no such key.
YamlNode* FindEntry(YamlNode& map, std::string_view name);

// Replaces the value, or appends the entry.
void SetEntry(YamlNode& map, std::string_view name, YamlNode value);

// The same where the value is missing or null.
void SetDefaultEntry(YamlNode& map, std::string_view name, YamlNode value);

}  // namespace sluice::agent
