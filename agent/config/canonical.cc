#include "agent/config/canonical.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

void Append(const YamlNode& node, std::string& out) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out += "null";
      return;
    case YamlNode::Kind::kScalar:
      out += node.tag;
      out += QuoteText(node.scalar);
      return;
    case YamlNode::Kind::kSequence:
      out += '[';
      for (const YamlNode& item : node.items) {
        Append(item, out);
        out += ',';
      }
      out += ']';
      return;
    case YamlNode::Kind::kMap:
      out += CanonicalText(node);
      return;
  }
}

}  // namespace

std::string CanonicalText(const YamlNode& node, std::span<const std::string_view> skip) {
  std::string out;
  if (node.kind != YamlNode::Kind::kMap) {
    Append(node, out);
    return out;
  }
  std::vector<std::pair<std::string, std::string>> fields;
  for (const auto& entry : node.entries) {
    if (std::find(skip.begin(), skip.end(), entry.first.scalar) != skip.end()) continue;
    std::pair<std::string, std::string> field;
    Append(entry.first, field.first);
    Append(entry.second, field.second);
    fields.push_back(std::move(field));
  }
  std::sort(fields.begin(), fields.end());
  out += '{';
  for (const auto& field : fields) out += field.first + ":" + field.second + ",";
  out += '}';
  return out;
}

}  // namespace sluice::agent
