#include "agent/api/scrape_pool_api.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "agent/api/json_tree.h"
#include "agent/config/yaml_text.h"
#include "base/json.h"
#include "base/yaml.h"

namespace sluice::agent {
namespace {

const YamlNode* Find(const YamlNode& map, std::string_view key) {
  const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                  [&](const auto& entry) { return entry.first.scalar == key; });
  return found == map.entries.end() ? nullptr : &found->second;
}

// Fields as Prometheus has them: what a rule does not use is left out.
Json RuleJson(const relabel::Rule& rule) {
  Json json = Json::object();
  if (!rule.source_labels.empty()) json["sourceLabels"] = rule.source_labels;
  if (!rule.separator.empty()) json["separator"] = rule.separator;
  json["regex"] = rule.regex.value_or("(.*)");
  if (rule.modulus != 0) json["modulus"] = rule.modulus;
  if (!rule.target_label.empty()) json["targetLabel"] = rule.target_label;
  if (!rule.replacement.empty()) json["replacement"] = rule.replacement;
  json["action"] = relabel::ActionName(rule.action);
  return json;
}

}  // namespace

Result<std::string> ScrapePoolYaml(const std::string& shown_config, std::string_view job) {
  const Result<YamlNode> root = ParseYaml(shown_config, "configuration");
  if (!root.ok()) return root.error();
  if (const YamlNode* const jobs = Find(*root, "scrape_configs")) {
    for (const YamlNode& each : jobs->items) {
      const YamlNode* const name = Find(each, "job_name");
      if (name != nullptr && name->scalar == job) return WriteYaml(each);
    }
  }
  return Error{ErrorCode::kNotFound, "scrape pool not found in the main file: " + std::string(job)};
}

std::string ScrapePoolConfigJson(const std::string& yaml) { return Dump(Json{{"yaml", yaml}}); }

Result<relabel::Labels> ReadLabelsJson(std::string_view json) {
  const Result<std::unique_ptr<JsonDocument>> document = JsonDocument::Parse(json);
  if (!document.ok()) return document.error();
  if (!(*document)->root().is_object()) return InvalidInput("expected an object");
  std::vector<relabel::Label> labels;
  for (const auto& [name, value] : (*document)->root().Entries()) {
    labels.push_back({std::string(name), std::string(value.Text())});
  }
  if (const auto mismatch = (*document)->TakeMismatch()) return InvalidInput(*mismatch);
  return relabel::Labels::From(std::move(labels));
}

std::string RelabelStepsJson(const relabel::Program& rules, const relabel::Labels& labels) {
  Json steps = Json::array();
  relabel::LabelsBuilder builder(labels);
  static_cast<void>(rules.ApplyTraced(builder, [&](const relabel::TraceStep& step) {
    steps.push_back(Json{{"rule", RuleJson(*step.rule)},
                         {"output", step.kept ? LabelsJson(step.after) : Json::object()},
                         {"keep", step.kept}});
  }));
  for (size_t i = steps.size(); i < rules.rules().size(); ++i) {
    steps.push_back(
        Json{{"rule", RuleJson(rules.rules()[i])}, {"output", Json::object()}, {"keep", false}});
  }
  return Dump(Json{{"steps", std::move(steps)}});
}

}  // namespace sluice::agent
