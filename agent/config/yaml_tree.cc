#include "agent/config/yaml_tree.h"

#include <utility>

namespace sluice::agent {

YamlNode ScalarNode(std::string_view text, bool quoted) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.scalar = text;
  node.quoted = quoted;
  return node;
}

YamlNode TextNode(std::string_view text) { return ScalarNode(text, /*quoted=*/true); }

YamlNode FlagNode(bool flag) { return ScalarNode(flag ? "true" : "false"); }

YamlNode EmptyMap() {
  YamlNode node;
  node.kind = YamlNode::Kind::kMap;
  return node;
}

YamlNode* FindEntry(YamlNode& map, std::string_view name) {
  for (YamlEntry& entry : map.entries) {
    if (entry.first.scalar == name) return &entry.second;
  }
  return nullptr;
}

void SetEntry(YamlNode& map, std::string_view name, YamlNode value) {
  if (YamlNode* const there = FindEntry(map, name)) {
    *there = std::move(value);
  } else {
    map.entries.push_back({TextNode(name), std::move(value)});
  }
}

void SetDefaultEntry(YamlNode& map, std::string_view name, YamlNode value) {
  const YamlNode* const there = FindEntry(map, name);
  if (there == nullptr || there->kind == YamlNode::Kind::kNull)
    SetEntry(map, name, std::move(value));
}

YamlNode EmptyList() {
  YamlNode node;
  node.kind = YamlNode::Kind::kSequence;
  return node;
}

}  // namespace sluice::agent
