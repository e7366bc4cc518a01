// The content of target files: JSON, or YAML, of which JSON is a part.
#include <array>
#include <utility>

#include "base/file.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "scrape/discovery/file/file_discovery.h"

namespace sluice::scrape {
namespace {

constexpr size_t kTargetFileBytesMax = 64 << 20;
constexpr std::string_view kAddressLabel = "__address__";
constexpr std::string_view kFilePathLabel = "__meta_filepath";

Error At(const std::string& path, const YamlNode& node, const std::string& message) {
  return InvalidInput(path + ":" + std::to_string(node.line) + ": " + message);
}

Error WrongKind(const std::string& path, const YamlNode& node, const std::string& wanted) {
  constexpr std::array<std::string_view, 4> kTags = {"!!null", "scalar", "!!seq", "!!map"};
  const std::string_view tag = kTags.at(static_cast<size_t>(node.kind));
  return At(path, node, "cannot unmarshal " + std::string(tag) + " into " + wanted);
}

// A scalar as text; null is "", as in Go.
Result<std::string> Text(const std::string& path, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull) return std::string();
  if (node.kind != YamlNode::Kind::kScalar) return WrongKind(path, node, "string");
  return node.scalar;
}

Status ReadTargets(const std::string& path, const YamlNode& node, TargetGroup& group) {
  if (node.kind == YamlNode::Kind::kNull) return Status::Ok();
  if (node.kind != YamlNode::Kind::kSequence) return WrongKind(path, node, "[]string");
  for (const YamlNode& item : node.items) {
    Result<std::string> address = Text(path, item);
    if (!address.ok()) return address.error();
    group.targets.push_back(relabel::Labels{{std::string(kAddressLabel), std::move(*address)}});
  }
  return Status::Ok();
}

Status ReadLabels(const std::string& path, const YamlNode& node,
                  std::vector<relabel::Label>& labels) {
  if (node.kind == YamlNode::Kind::kNull) return Status::Ok();
  if (node.kind != YamlNode::Kind::kMap) return WrongKind(path, node, "model.LabelSet");
  for (const auto& [key, value] : node.entries) {
    Result<std::string> name = Text(path, key);
    if (!name.ok()) return name.error();
    if (!relabel::IsUtf8LabelName(*name)) {
      return At(path, key, QuoteText(*name) + " is not a valid label name");
    }
    for (const relabel::Label& label : labels) {
      if (label.name == *name)
        return At(path, key, "label " + QuoteText(*name) + " is given twice");
    }
    Result<std::string> text = Text(path, value);
    if (!text.ok()) return text.error();
    labels.push_back({std::move(*name), std::move(*text)});
  }
  return Status::Ok();
}

Result<TargetGroup> ReadGroup(const std::string& path, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kNull) return At(path, node, "nil target group item found");
  if (node.kind != YamlNode::Kind::kMap) return WrongKind(path, node, "targetgroup.Group");
  TargetGroup group;
  std::vector<relabel::Label> labels;
  bool has_targets = false;
  bool has_labels = false;
  for (const auto& [key, value] : node.entries) {
    const bool targets = key.scalar == "targets";
    if (!targets && key.scalar != "labels") {
      return At(path, key, "field " + key.scalar + " not found in target group");
    }
    if (std::exchange(targets ? has_targets : has_labels, true)) {
      return At(path, key, "field " + key.scalar + " is given twice");
    }
    const Status read = targets ? ReadTargets(path, value, group) : ReadLabels(path, value, labels);
    if (!read.ok()) return read.error();
  }
  // Of equal names the last one wins, so a file cannot claim to be another.
  labels.push_back({std::string(kFilePathLabel), path});
  group.labels = relabel::Labels::From(std::move(labels));
  return group;
}

}  // namespace

Result<std::vector<TargetGroup>> ParseTargetFile(std::string_view text, const std::string& path) {
  if (!IsValidUtf8(text)) return InvalidInput(path + ": not valid UTF-8");
  const Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return root.error();
  std::vector<TargetGroup> groups;
  if (root->kind == YamlNode::Kind::kNull) return groups;
  if (root->kind != YamlNode::Kind::kSequence) {
    return WrongKind(path, *root, "[]*targetgroup.Group");
  }
  for (size_t i = 0; i < root->items.size(); ++i) {
    Result<TargetGroup> group = ReadGroup(path, root->items[i]);
    if (!group.ok()) return group.error();
    group->source = path + ":" + std::to_string(i);
    groups.push_back(std::move(*group));
  }
  return groups;
}

Result<std::vector<TargetGroup>> ReadTargetFile(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kTargetFileBytesMax);
  if (!text.ok()) return text.error();
  return ParseTargetFile(*text, path);
}

}  // namespace sluice::scrape
