#include "agent/pages/discovery_page.h"

#include <string_view>
#include <utility>
#include <vector>

#include "agent/explain/target_path.h"
#include "agent/pages/figures.h"
#include "agent/pages/filter.h"
#include "agent/pages/parts.h"
#include "scrape/explain_targets.h"

namespace sluice::agent {
namespace {

// What is shown of a job.
struct JobPart {
  const scrape::PoolView* pool = nullptr;
  std::vector<Candidate> shown;
  size_t matched = 0;
  size_t found = 0;
};

bool IsAskedFor(const Candidate& candidate, const DiscoveryFilter& filter,
                const std::string& text) {
  const scrape::ExplainedTarget& target = candidate.target;
  const bool is_active = target.target && candidate.pool->ids.contains(target.target->identity);
  if (filter.state == "active" && !is_active) return false;
  if (filter.state == "dropped" && is_active) return false;
  return HasText(target.discovered_labels, "", text) ||
         (target.target && HasText(target.target->labels, target.target->url, text));
}

JobPart Collect(const scrape::PoolView& pool, const DiscoveryFilter& filter,
                const std::string& text, size_t& budget) {
  JobPart part{.pool = &pool, .shown = {}};
  for (const scrape::TargetGroupPtr& group : pool.groups) {
    part.found += group->targets.size();
    if (budget < group->targets.size()) continue;
    budget -= group->targets.size();
    for (auto& target : scrape::ExplainTargets(*pool.job, {*group}, pool.cluster)) {
      Candidate candidate{.pool = &pool, .target = std::move(target), .status = std::nullopt};
      if (!IsAskedFor(candidate, filter, text)) continue;
      if (++part.matched <= kDiscoveredShownMax) part.shown.push_back(std::move(candidate));
    }
  }
  return part;
}

Html FilterForm(const scrape::ScraperView& view, const DiscoveryFilter& filter) {
  std::vector<std::string> jobs;
  for (const scrape::PoolView& pool : view.pools) jobs.push_back(pool.job->name);
  Html html;
  html.Raw(
      "<form class=\"filter\" action=\"service-discovery\" data-instant><input type=\"search\" "
      "name=\"q\" placeholder=\"label or address\" aria-label=\"Filter\" value=\"");
  html.Text(filter.text).Raw("\">");
  html.Add(ChoiceField("state", "any state", {"active", "dropped"}, filter.state));
  html.Add(ChoiceField("job", "all jobs", jobs, filter.job));
  html.Raw("<button>Filter</button></form>");
  return html;
}

Html Row(const Candidate& candidate) {
  const Path path = ExplainTarget(candidate, 0);
  // The scrape is told of elsewhere.
  const Stage* const stop = StopOf(path);
  const bool is_active = stop == nullptr || stop->name == "scrape";
  Html html;
  html.Raw("<tr><td class=\"wide\" data-name=\"discovered\">");
  html.Add(DiscoveredHtml(candidate.target.discovered_labels));
  html.Raw("</td><td class=\"wide\" data-name=\"target\">");
  if (is_active) {
    html.Raw("<span class=\"badge good\">active</span>");
    html.Add(LabelsHtml(candidate.target.target->labels));
  } else {
    html.Raw("<span class=\"badge\">not scraped</span> ").Text(stop->text);
  }
  for (const Stage& stage : path.stages) html.Add(StepsHtml(stage.steps));
  html.Raw("</td></tr>");
  return html;
}

Html JobCard(const JobPart& part) {
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><h2>").Text(part.pool->job->name);
  html.Raw("</h2><span class=\"badge\">").Text(CountText(part.pool->ids.size()));
  html.Raw(" active of ").Text(CountText(part.found)).Raw(" found</span>");
  if (part.matched > part.shown.size()) {
    html.Raw("<span class=\"quiet\">").Text(CountText(part.shown.size()) + " of ");
    html.Text(CountText(part.matched)).Raw(" are shown</span>");
  }
  html.Raw("</div>");
  if (part.shown.empty()) {
    html.Raw("<p class=\"quiet\">nothing to show</p></section>");
    return html;
  }
  html.Raw(
      "<table class=\"rows halves\"><thead><tr><th>Discovered labels</th><th>Target</th></tr>"
      "</thead><tbody>");
  for (const Candidate& candidate : part.shown) html.Add(Row(candidate));
  html.Raw("</tbody></table></section>");
  return html;
}

}  // namespace

Html DiscoveryPage(const scrape::ScraperView& view, const DiscoveryFilter& filter) {
  const std::string text = LowerCase(filter.text);
  size_t budget = kDiscoveredMax;
  Html html;
  html.Add(FilterForm(view, filter)).Raw("<div id=\"discovery\" data-live>");
  for (const scrape::PoolView& pool : view.pools) {
    if (!filter.job.empty() && pool.job->name != filter.job) continue;
    html.Add(JobCard(Collect(pool, filter, text, budget)));
  }
  html.Raw("</div>");
  return html;
}

}  // namespace sluice::agent
