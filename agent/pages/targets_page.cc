#include "agent/pages/targets_page.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include "agent/pages/figures.h"
#include "agent/pages/filter.h"
#include "agent/pages/parts.h"
#include "base/duration.h"

namespace sluice::agent {
namespace {

std::string_view StateOf(const scrape::TargetStatus& target) {
  switch (target.health) {
    case scrape::TargetHealth::kUp:
      return "up";
    case scrape::TargetHealth::kDown:
      return "down";
    case scrape::TargetHealth::kUnknown:
      break;
  }
  return "unknown";
}

bool IsAskedFor(const scrape::TargetStatus& target, const TargetsFilter& filter,
                const std::string& text) {
  if (!filter.state.empty() && StateOf(target) != filter.state) return false;
  if (!filter.job.empty() && target.job != filter.job) return false;
  return HasText(target.labels, target.url, text) ||
         LowerCase(target.last_error).find(text) != std::string::npos;
}

Html FilterForm(const scrape::ScraperStatus& status, const TargetsFilter& filter) {
  Html html;
  html.Raw(
      "<form class=\"filter\" action=\"targets\" data-instant><input type=\"search\" name=\"q\" "
      "placeholder=\"URL, label or error\" aria-label=\"Filter\" value=\"");
  html.Text(filter.text).Raw("\">");
  html.Add(ChoiceField("state", "any state", {"up", "down", "unknown"}, filter.state));
  html.Add(ChoiceField("job", "all jobs", status.jobs, filter.job));
  html.Raw("<button>Filter</button></form>");
  return html;
}

Html Row(const scrape::TargetStatus& target, TimestampMs now_ms) {
  Html html;
  html.Raw("<tr><td data-name=\"state\" class=\"short\">").Add(HealthBadge(target.health));
  html.Raw("</td><td class=\"wide\" data-name=\"endpoint\">").Add(UrlHtml(target.url));
  if (target.restored) html.Raw(" <span class=\"badge warn\">known from before the start</span>");
  html.Add(LabelsHtml(target.labels));
  if (!target.last_error.empty()) {
    html.Raw("<div class=\"note bad\">").Text(target.last_error).Raw("</div>");
  }
  html.Raw("</td><td data-name=\"last scrape\" class=\"number\">");
  html.Text(AgoText(target.last_scrape_ms, now_ms));
  html.Raw("</td><td data-name=\"took\" class=\"number\">");
  if (target.last_scrape_ms != 0) html.Text(SpanText(target.last_scrape_duration_seconds));
  html.Raw("</td><td data-name=\"every\" class=\"number\">");
  html.Text(FormatDuration(target.scrape_interval)).Raw("</td><td class=\"number\">");
  html.Add(ExplainLink(target.labels, "explain")).Raw("</td></tr>");
  return html;
}

Html JobCard(const std::string& job, const std::vector<const scrape::TargetStatus*>& targets,
             TimestampMs now_ms) {
  const auto up = std::count_if(targets.begin(), targets.end(), [](const auto* target) {
    return target->health == scrape::TargetHealth::kUp;
  });
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><h2>").Text(job).Raw("</h2>");
  if (static_cast<size_t>(up) == targets.size()) {
    html.Raw("<span class=\"badge good\">");
  } else {
    html.Raw("<span class=\"badge bad\">");
  }
  html.Number(static_cast<uint64_t>(up)).Raw(" of ").Number(targets.size()).Raw(" up</span></div>");
  html.Raw(
      "<table class=\"rows\"><thead><tr><th>State</th><th>Endpoint</th><th class=\"number\">Last "
      "scrape</th><th class=\"number\">Took</th><th class=\"number\">Every</th><th></th></tr>"
      "</thead><tbody>");
  for (const auto* target : targets) html.Add(Row(*target, now_ms));
  html.Raw("</tbody></table></section>");
  return html;
}

}  // namespace

Html TargetsPage(const scrape::ScraperStatus& status, const TargetsFilter& filter,
                 TimestampMs now_ms) {
  const std::string text = LowerCase(filter.text);
  std::map<std::string, std::vector<const scrape::TargetStatus*>> jobs;
  size_t count = 0;
  for (const scrape::TargetStatus& target : status.active) {
    if (!IsAskedFor(target, filter, text)) continue;
    if (++count <= kTargetsShownMax) jobs[target.job].push_back(&target);
  }
  Html html;
  html.Add(FilterForm(status, filter)).Raw("<div id=\"targets\" data-live><p class=\"quiet\">");
  html.Text(CountText(count)).Raw(" of ").Text(CountText(status.active.size())).Raw(" targets");
  if (count > kTargetsShownMax) {
    html.Raw("; the first ").Text(CountText(kTargetsShownMax)).Raw(" are shown");
  }
  html.Raw("</p>");
  for (const auto& [job, targets] : jobs) html.Add(JobCard(job, targets, now_ms));
  html.Raw("</div>");
  return html;
}

}  // namespace sluice::agent
