#include "agent/pages/explain_page.h"

#include "agent/pages/figures.h"
#include "agent/pages/parts.h"

namespace sluice::agent {
namespace {

Html StageItem(const Stage& stage, std::string_view before) {
  Html html;
  html.Raw("<li class=\"").Text(VerdictName(stage.verdict)).Raw("\"><span class=\"name\">");
  html.Text(before).Text(stage.name).Raw("</span><span class=\"text\">").Text(stage.text);
  html.Raw("</span>");
  if (!stage.labels.empty()) html.Add(DiscoveredHtml(stage.labels));
  html.Add(StepsHtml(stage.steps)).Raw("</li>");
  return html;
}

// The colour of a sentence is that of the worst that it says.
Verdict WorstOf(const Path& path) {
  Verdict worst = Verdict::kPassed;
  for (const Stage& stage : path.stages) {
    if (stage.verdict != Verdict::kPassed) return stage.verdict;
  }
  for (const Stage& stage : path.deliveries) {
    if (stage.verdict == Verdict::kStopped) return stage.verdict;
    if (stage.verdict != Verdict::kPassed) worst = stage.verdict;
  }
  return worst;
}

Html Sentence(const Path& path) {
  Html html;
  switch (WorstOf(path)) {
    case Verdict::kPassed:
      html.Raw("<div class=\"note good sentence\">");
      break;
    case Verdict::kStopped:
      html.Raw("<div class=\"note bad sentence\">");
      break;
    case Verdict::kHeld:
      html.Raw("<div class=\"note warn sentence\">");
      break;
    case Verdict::kUnknown:
      html.Raw("<div class=\"note sentence\">");
      break;
  }
  html.Text(path.sentence).Raw("</div>");
  return html;
}

Html PathCard(const Path& path) {
  Html html;
  html.Raw("<section class=\"card\">").Add(LabelsHtml(path.labels)).Add(Sentence(path));
  html.Raw("<ol class=\"stages\">");
  for (const Stage& stage : path.stages) html.Add(StageItem(stage, ""));
  for (const Stage& stage : path.deliveries) html.Add(StageItem(stage, "destination "));
  html.Raw("</ol></section>");
  return html;
}

Html Form(const ExplainView& view) {
  Html html;
  html.Raw(
      "<p class=\"quiet\">Where did a series or a target go? Its labels, or some of them, as in "
      "<code>node_load1{instance=\"a:9100\"}</code>, <code>{job=\"node\"}</code></p><form "
      "class=\"filter\" action=\"explain\"><input type=\"text\" name=\"match\" required "
      "autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\" aria-label=\"Series\" "
      "placeholder=\"up{job=&quot;node&quot;}\" value=\"");
  html.Text(view.match).Raw("\"><button>Explain</button></form>");
  return html;
}

}  // namespace

Html ExplainPage(const ExplainView& view) {
  Html html;
  html.Add(Form(view));
  if (!view.error.empty()) {
    html.Raw("<div class=\"note bad\">").Text(view.error).Raw("</div>");
  }
  if (!view.explanation) return html;
  const Explanation& explanation = *view.explanation;
  if (explanation.paths.size() != 1) {
    html.Raw("<p class=\"sentence\" id=\"sentence\">").Text(explanation.sentence).Raw("</p>");
  }
  for (const std::string& note : explanation.notes) {
    html.Raw("<div class=\"note warn\">").Text(note).Raw("</div>");
  }
  for (const Path& path : explanation.paths) html.Add(PathCard(path));
  return html;
}

}  // namespace sluice::agent
