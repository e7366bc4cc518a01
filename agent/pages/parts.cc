#include "agent/pages/parts.h"

#include <array>
#include <string>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

void AddLabel(const relabel::Label& label, Html& html) {
  html.Raw("<b>").Text(label.name).Raw("</b>=").Text(QuoteText(label.value)).Raw("</span>");
}

Html Step(const RuleStep& step) {
  Html html;
  html.Raw("<li><span class=\"quiet\">[").Number(step.rule).Raw("]</span> <code>");
  html.Text(step.text).Raw("</code> ");
  if (!step.kept) {
    html.Raw("<span class=\"badge bad\">dropped</span>");
  } else if (step.before == step.after) {
    html.Raw("<span class=\"quiet\">no change</span>");
  } else {
    html.Add(LabelChanges(step.before, step.after));
  }
  html.Raw("</li>");
  return html;
}

}  // namespace

Html LabelsHtml(const relabel::Labels& labels) {
  Html html;
  html.Raw("<div class=\"labels\">");
  for (const relabel::Label& label : labels) {
    html.Raw("<span>");
    AddLabel(label, html);
  }
  html.Raw("</div>");
  return html;
}

Html DiscoveredHtml(const relabel::Labels& labels) {
  constexpr std::array<std::string_view, 3> kSettings = {"__always_scrape_classic_histograms__",
                                                         "__convert_classic_histograms_to_nhcb__",
                                                         "__scrape_native_histograms__"};
  relabel::LabelsBuilder builder(labels);
  for (const std::string_view name : kSettings) {
    if (builder.Get(name) == "false") builder.Delete(name);
  }
  return LabelsHtml(builder.Build());
}

Html LabelChanges(const relabel::Labels& before, const relabel::Labels& after) {
  Html html;
  html.Raw("<div class=\"labels\">");
  for (const relabel::Label& label : before) {
    if (after.Has(label.name)) continue;
    html.Raw("<span class=\"gone\">");
    AddLabel(label, html);
  }
  for (const relabel::Label& label : after) {
    if (before.Get(label.name) == label.value) continue;
    if (before.Has(label.name)) {
      html.Raw("<span class=\"changed\">");
    } else {
      html.Raw("<span class=\"added\">");
    }
    AddLabel(label, html);
  }
  html.Raw("</div>");
  return html;
}

Html HealthBadge(scrape::TargetHealth health) {
  Html html;
  switch (health) {
    case scrape::TargetHealth::kUp:
      html.Raw("<span class=\"badge good\">up</span>");
      break;
    case scrape::TargetHealth::kDown:
      html.Raw("<span class=\"badge bad\">down</span>");
      break;
    case scrape::TargetHealth::kUnknown:
      html.Raw("<span class=\"badge\">unknown</span>");
      break;
  }
  return html;
}

Html StateBadge(const remotewrite::DestinationStatus& status) {
  Html html;
  switch (status.state) {
    case remotewrite::DestinationState::kIdle:
      html.Raw("<span class=\"badge good\">idle</span>");
      break;
    case remotewrite::DestinationState::kSending:
      html.Raw("<span class=\"badge good\">sending</span>");
      break;
    case remotewrite::DestinationState::kRetrying:
      html.Raw("<span class=\"badge warn\">retrying</span>");
      break;
    case remotewrite::DestinationState::kPaused:
      html.Raw("<span class=\"badge bad\">paused</span>");
      break;
  }
  if (status.leaving) html.Raw(" <span class=\"badge warn\">leaving</span>");
  if (status.replaying) html.Raw(" <span class=\"badge warn\">replaying</span>");
  return html;
}

Html StepsHtml(const std::vector<RuleStep>& steps) {
  Html html;
  if (steps.empty()) return html;
  html.Raw("<details><summary>").Number(steps.size());
  html.Text(steps.size() == 1 ? " rule, step by step" : " rules, step by step");
  html.Raw("</summary><ol class=\"steps\">");
  for (const RuleStep& step : steps) html.Add(Step(step));
  html.Raw("</ol></details>");
  return html;
}

Html ExplainLink(const relabel::Labels& labels, std::string_view text) {
  Html html;
  html.Raw("<a href=\"explain?match=").Query(labels.ToString()).Raw("\">").Text(text).Raw("</a>");
  return html;
}

Html UrlHtml(std::string_view url) {
  Html html;
  const bool is_web = url.starts_with("http://") || url.starts_with("https://");
  if (is_web) {
    html.Raw("<a class=\"url\" rel=\"noreferrer\" href=\"").Text(url).Raw("\">").Text(url);
    html.Raw("</a>");
  } else {
    html.Raw("<span class=\"url\">").Text(url).Raw("</span>");
  }
  return html;
}

}  // namespace sluice::agent
