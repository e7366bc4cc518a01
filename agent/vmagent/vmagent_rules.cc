#include "agent/vmagent/vmagent_rules.h"

#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/config/yaml_tree.h"
#include "scrape/cluster.h"

namespace sluice::agent {
namespace {

std::string ActionOf(YamlNode& rule) {
  const YamlNode* const action = FindEntry(rule, "action");
  return action == nullptr ? "" : action->scalar;
}

// `[a, b]` is a|b.
void JoinExpressions(YamlNode& rule) {
  YamlNode* const regex = FindEntry(rule, "regex");
  if (regex == nullptr || regex->kind != YamlNode::Kind::kSequence) return;
  std::string joined;
  for (const YamlNode& item : regex->items) {
    if (&item != regex->items.data()) joined += '|';
    joined += item.scalar;
  }
  *regex = TextNode(joined);
}

void ReadMetricNames(YamlNode& rule, std::string_view action) {
  YamlNode sources = EmptyList();
  sources.items.push_back(TextNode("__name__"));
  SetEntry(rule, "source_labels", std::move(sources));
  SetEntry(rule, "action", TextNode(action));
}

// All source labels are equal when each equals the first: a rule for each. To drop when all are
// equal takes a rule of two labels only.
void CompareLabels(const YamlNode& rule, const std::vector<YamlNode>& labels,
                   std::string_view action, std::vector<YamlNode>& out) {
  if (action == "dropequal" && labels.size() != 2) {
    out.push_back(rule);
    return;
  }
  for (size_t i = 1; i < labels.size(); ++i) {
    YamlNode& made = out.emplace_back(EmptyMap());
    made.line = rule.line;
    YamlNode sources = EmptyList();
    sources.items.push_back(labels[0]);
    SetEntry(made, "source_labels", std::move(sources));
    SetEntry(made, "target_label", labels[i]);
    SetEntry(made, "action", TextNode(action));
  }
}

Status AppendFile(std::string_view flag, const std::string& path, YamlNode& rules) {
  if (path.empty()) return Status::Ok();
  const std::string name = "-" + std::string(flag);
  if (path.starts_with("http://") || path.starts_with("https://")) {
    return InvalidInput(name + ": a URL is not supported; use a file");
  }
  Result<YamlNode> file = LoadYamlFile(path);
  if (!file.ok()) return file.error().WithContext(name);
  if (file->kind == YamlNode::Kind::kNull) return Status::Ok();
  if (file->kind != YamlNode::Kind::kSequence) {
    return InvalidInput(name + ": " + path + ": expected a list of relabeling rules");
  }
  AdaptRules(*file);
  std::move(file->items.begin(), file->items.end(), std::back_inserter(rules.items));
  return Status::Ok();
}

// `$` begins a group in a replacement.
std::string Verbatim(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped.append(c == '$' ? "$$" : std::string(1, c));
  return escaped;
}

Status AppendLabel(std::string_view flag, std::string_view label, YamlNode& rules) {
  const size_t equals = label.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return InvalidInput("-" + std::string(flag) + ": expected name=value, got \"" +
                        std::string(label) + "\"");
  }
  YamlNode& rule = rules.items.emplace_back(EmptyMap());
  SetEntry(rule, "target_label", TextNode(label.substr(0, equals)));
  SetEntry(rule, "replacement", TextNode(Verbatim(label.substr(equals + 1))));
  return Status::Ok();
}

}  // namespace

void AdaptRules(YamlNode& rules) {
  std::vector<YamlNode> adapted;
  for (YamlNode& rule : rules.items) {
    JoinExpressions(rule);
    const std::string action = ActionOf(rule);
    const bool has_condition = FindEntry(rule, "if") != nullptr;
    if (action == "keep_metrics" && !has_condition) ReadMetricNames(rule, "keep");
    if (action == "drop_metrics" && !has_condition) ReadMetricNames(rule, "drop");
    const YamlNode* const sources = FindEntry(rule, "source_labels");
    const bool compares = action == "keep_if_equal" || action == "drop_if_equal";
    if (compares && !has_condition && sources != nullptr && sources->items.size() > 1) {
      CompareLabels(rule, sources->items, action == "keep_if_equal" ? "keepequal" : "dropequal",
                    adapted);
    } else {
      adapted.push_back(std::move(rule));
    }
  }
  rules.items = std::move(adapted);
}

Result<YamlNode> VmagentWriteRules(const VmagentValues& values, size_t place) {
  YamlNode rules = EmptyList();
  Status status =
      AppendFile("remoteWrite.relabelConfig", values.Text("remoteWrite.relabelConfig"), rules);
  if (!status.ok()) return status.error();
  status = AppendFile("remoteWrite.urlRelabelConfig",
                      values.At("remoteWrite.urlRelabelConfig", place), rules);
  if (!status.ok()) return status.error();
  for (const std::string& label : values.List("remoteWrite.label")) {
    status = AppendLabel("remoteWrite.label", label, rules);
    if (!status.ok()) return status.error();
  }
  const std::string member_label = values.Text("promscrape.cluster.memberLabel");
  if (!member_label.empty()) {
    const Result<uint32_t> number =
        scrape::ParseMemberNumber(values.Text("promscrape.cluster.memberNum", "0"));
    if (!number.ok()) return number.error().WithContext("-promscrape.cluster.memberNum");
    status = AppendLabel("promscrape.cluster.memberLabel",
                         member_label + "=" + std::to_string(*number), rules);
    if (!status.ok()) return status.error();
  }
  return rules;
}

}  // namespace sluice::agent
