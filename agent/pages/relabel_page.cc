#include "agent/pages/relabel_page.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/config/config.h"
#include "agent/label_set_text.h"
#include "agent/pages/parts.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

RelabelTrial Try(const relabel::Program& program, std::string text) {
  RelabelTrial trial{.text = std::move(text), .error = {}, .result = {}, .steps = {}};
  const Result<relabel::Labels> labels = ParseLabelSet(trial.text);
  if (!labels.ok()) {
    trial.error = labels.error().message;
    return trial;
  }
  relabel::LabelsBuilder builder(*labels);
  trial.kept = program.ApplyTraced(
      builder, [&](const relabel::TraceStep& step) { trial.steps.push_back(DescribeStep(step)); });
  if (trial.kept) trial.result = builder.Build();
  return trial;
}

void TryLines(const relabel::Program& program, std::string_view lines, RelabelView& view) {
  while (!lines.empty() && view.trials.size() < kTrialsMax) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.find_first_not_of(kBlanks) == std::string_view::npos) continue;
    view.trials.push_back(Try(program, std::string(line)));
  }
}

Html TrialCard(const RelabelTrial& trial) {
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><code class=\"url\">").Text(trial.text);
  html.Raw("</code>");
  if (!trial.error.empty()) {
    html.Raw("</div><div class=\"note bad\">").Text(trial.error).Raw("</div></section>");
    return html;
  }
  if (trial.kept) {
    html.Raw("<span class=\"badge good\">kept</span></div>").Add(LabelsHtml(trial.result));
  } else {
    html.Raw("<span class=\"badge bad\">dropped</span></div>");
  }
  html.Raw("<ol class=\"stages\">");
  for (const RuleStep& step : trial.steps) {
    if (step.kept) {
      html.Raw("<li class=\"passed\">");
    } else {
      html.Raw("<li class=\"stopped\">");
    }
    html.Raw("<span class=\"number\">[").Number(step.rule).Raw("]</span><code class=\"text\">");
    html.Text(step.text).Raw("</code>");
    if (!step.kept) {
      html.Raw(" dropped");
    } else if (step.before == step.after) {
      html.Raw(" <span class=\"quiet\">no change</span>");
    } else {
      html.Add(LabelChanges(step.before, step.after));
    }
    html.Raw("</li>");
  }
  html.Raw("</ol></section>");
  return html;
}

}  // namespace

RelabelView TryRules(std::string rules, std::string labels) {
  RelabelView view{
      .rules = std::move(rules), .labels = std::move(labels), .error = {}, .trials = {}};
  if (view.rules.find_first_not_of(kBlanks) == std::string::npos) return view;
  Result<std::vector<relabel::Rule>> parsed = ParseRules(view.rules, "rules");
  if (!parsed.ok()) {
    view.error = parsed.error().message;
    return view;
  }
  const Result<relabel::Program> program = relabel::Program::Compile(std::move(*parsed));
  if (program.ok()) {
    TryLines(*program, view.labels, view);
  } else {
    view.error = program.error().message;
  }
  return view;
}

Html RelabelPage(const RelabelView& view) {
  Html html;
  html.Raw(
      "<p class=\"quiet\">Rules as under <code>relabel_configs</code>, tried on label sets, one "
      "on each line. Nothing of the running configuration changes.</p><form action=\"relabel\">"
      "<div class=\"two\"><label class=\"field\"><span>Rules</span><textarea name=\"rules\" "
      "rows=\"10\" spellcheck=\"false\" placeholder=\"- source_labels: [env]&#10;  regex: dev&#10;"
      "  action: drop\">");
  html.Text(view.rules);
  html.Raw(
      "</textarea></label><label class=\"field\"><span>Label sets</span><textarea name=\"labels\" "
      "rows=\"10\" spellcheck=\"false\" placeholder=\"up{job=&quot;node&quot;, "
      "env=&quot;dev&quot;}\">");
  html.Text(view.labels).Raw("</textarea></label></div><p><button>Try</button></p></form>");
  if (!view.error.empty()) {
    html.Raw("<div class=\"note bad\">").Text(view.error).Raw("</div>");
  }
  for (const RelabelTrial& trial : view.trials) html.Add(TrialCard(trial));
  return html;
}

}  // namespace sluice::agent
