#include "agent/config/hidden_secrets.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "agent/config/secret_fields.h"
#include "base/public_url.h"

namespace sluice::agent {
namespace {

using Kind = YamlNode::Kind;

constexpr std::string_view kSecret = "<secret>";

// Maps with names of the user's choice, which are no fields.
constexpr std::string_view kFreeMaps[] = {"labels", "external_labels", "params",
                                          "required_matchers", "node_meta"};

bool IsAmong(std::string_view name, std::span<const std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

YamlNode SecretNode() {
  YamlNode node;
  node.kind = Kind::kScalar;
  node.scalar = kSecret;
  node.quoted = true;
  return node;
}

void HideAll(YamlNode& node) {
  if (node.kind == Kind::kScalar && !node.scalar.empty()) node = SecretNode();
  for (YamlNode& item : node.items) HideAll(item);
  for (YamlEntry& entry : node.entries) HideAll(entry.second);
}

void HideUrls(YamlNode& node) {
  if (node.kind == Kind::kScalar) node.scalar = PublicUrl(node.scalar);
  for (YamlNode& item : node.items) HideUrls(item);
}

void HideField(const std::string& name, YamlNode& value) {
  if (IsAmong(name, kFreeMaps)) return;
  if (IsSecretField(name)) return HideAll(value);
  if (IsUrlField(name)) return HideUrls(value);
  if (name != "http_headers") return HideSecrets(value);
  // The names of headers are no fields.
  for (YamlEntry& header : value.entries) HideSecrets(header.second);
}

}  // namespace

void HideSecrets(YamlNode& node) {
  for (YamlNode& item : node.items) HideSecrets(item);
  for (YamlEntry& entry : node.entries) HideField(entry.first.scalar, entry.second);
}

}  // namespace sluice::agent
