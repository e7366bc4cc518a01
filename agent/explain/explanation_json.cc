#include "agent/explain/explanation_json.h"

#include <utility>

#include "agent/api/json_tree.h"

namespace sluice::agent {
namespace {

Json StepTree(const RuleStep& step) {
  return Json{{"rule", step.rule},
              {"text", step.text},
              {"kept", step.kept},
              {"before", LabelsJson(step.before)},
              {"after", LabelsJson(step.after)}};
}

Json StageTrees(const std::vector<Stage>& stages) {
  Json list = Json::array();
  for (const Stage& stage : stages) {
    Json steps = Json::array();
    for (const RuleStep& step : stage.steps) steps.push_back(StepTree(step));
    list.push_back(Json{{"name", stage.name},
                        {"verdict", VerdictName(stage.verdict)},
                        {"text", stage.text},
                        {"steps", std::move(steps)},
                        {"labels", LabelsJson(stage.labels)}});
  }
  return list;
}

}  // namespace

std::string ExplanationJson(const Explanation& explanation) {
  Json paths = Json::array();
  for (const Path& path : explanation.paths) {
    paths.push_back(Json{{"kind", path.is_series ? "series" : "target"},
                         {"scrapePool", path.job},
                         {"labels", LabelsJson(path.labels)},
                         {"sentence", path.sentence},
                         {"stages", StageTrees(path.stages)},
                         {"destinations", StageTrees(path.deliveries)}});
  }
  return Dump(Json{{"sentence", explanation.sentence},
                   {"matched", explanation.matched},
                   {"complete", explanation.complete},
                   {"notes", explanation.notes},
                   {"paths", std::move(paths)}});
}

}  // namespace sluice::agent
