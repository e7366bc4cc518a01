#include "agent/pages/overview_page.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "agent/pages/figures.h"
#include "agent/pages/parts.h"
#include "agent/time_text.h"

namespace sluice::agent {
namespace {

constexpr size_t kProblemsShownMax = 8;

size_t CountOf(const scrape::ScraperStatus& scraper, scrape::TargetHealth health) {
  return static_cast<size_t>(
      std::count_if(scraper.active.begin(), scraper.active.end(),
                    [&](const scrape::TargetStatus& each) { return each.health == health; }));
}

double ScrapesPerSecond(const scrape::ScraperStatus& scraper) {
  double rate = 0;
  for (const scrape::TargetStatus& target : scraper.active) {
    if (target.scrape_interval.count() > 0) {
      rate += 1000 / static_cast<double>(target.scrape_interval.count());
    }
  }
  return rate;
}

const DeliveryPoints& PointsOf(const OverviewView& view, const std::string& name) {
  static const DeliveryPoints kNone;
  const auto found = view.history.find(name);
  return found == view.history.end() ? kNone : found->second;
}

// Every destination is to get what is appended.
std::optional<double> AppendRate(const OverviewView& view) {
  std::optional<double> rate;
  // Nothing is less than anything.
  for (const auto& [name, points] : view.history) {
    rate = std::max(rate, RateOf(points, &DeliveryPoint::appended));
  }
  return rate;
}

Html DiscoveryCard(const OverviewView& view) {
  uint64_t dropped = 0;
  for (const auto& [job, count] : view.scraper.dropped_counts) dropped += count;
  Html html;
  html.Raw("<section class=\"card\"><div class=\"step\">1 Discovery</div><div class=\"big\">");
  html.Text(CountText(view.scraper.active.size() + dropped)).Raw(" <small>found</small></div><p>");
  html.Raw("<a href=\"service-discovery\">").Text(CountText(view.scraper.jobs.size()));
  html.Text(view.scraper.jobs.size() == 1 ? " job" : " jobs").Raw("</a>, ");
  html.Raw("<a href=\"service-discovery?state=dropped\">").Text(CountText(dropped));
  html.Raw(" dropped</a></p></section>");
  return html;
}

Html TargetsCard(const OverviewView& view) {
  const size_t down = CountOf(view.scraper, scrape::TargetHealth::kDown);
  Html html;
  html.Raw("<section class=\"card\"><div class=\"step\">2 Targets</div><div class=\"big\">");
  html.Text(CountText(CountOf(view.scraper, scrape::TargetHealth::kUp)));
  html.Raw(" <small>of ").Text(CountText(view.scraper.active.size())).Raw(" up</small></div><p>");
  html.Text(RateText(ScrapesPerSecond(view.scraper))).Raw(" scrapes");
  if (down > 0) {
    html.Raw(", <a href=\"targets?state=down\">").Text(CountText(down)).Raw(" down</a>");
  }
  html.Raw("</p></section>");
  return html;
}

Html BufferCard(const OverviewView& view) {
  Html html;
  html.Raw("<section class=\"card\"><div class=\"step\">3 Buffer</div><div class=\"big\">");
  html.Text(BytesText(static_cast<double>(view.log.bytes))).Raw("</div><p>");
  html.Text(RateText(AppendRate(view))).Raw(" samples in</p><meter min=\"0\" max=\"");
  html.Number(view.log_bytes_max).Raw("\" high=\"").Number(view.log_bytes_max / 10 * 8);
  html.Raw("\" value=\"").Number(view.log.bytes).Raw("\"></meter><p class=\"quiet\">of at most ");
  html.Text(BytesText(static_cast<double>(view.log_bytes_max)));
  if (view.log.oldest_ms) {
    html.Raw("; oldest sample ").Text(AgoText(*view.log.oldest_ms, view.now_ms));
  }
  html.Raw("</p></section>");
  return html;
}

Html DestinationsCard(const OverviewView& view) {
  std::optional<double> rate;
  for (const auto& status : view.destinations) {
    const auto own = RateOf(PointsOf(view, status.name), &DeliveryPoint::acknowledged);
    if (own) rate = rate.value_or(0) + *own;
  }
  Html html;
  html.Raw("<section class=\"card\"><div class=\"step\">4 Destinations</div><div class=\"big\">");
  html.Text(RateText(rate)).Raw(" <small>delivered</small></div>");
  for (const auto& status : view.destinations) {
    html.Raw("<p><a href=\"destinations\">").Text(status.name).Raw("</a> ");
    html.Add(StateBadge(status)).Raw(" <span class=\"quiet\">");
    html.Text(status.pending_seconds > 0 ? SpanText(status.pending_seconds) + " behind" : "");
    html.Raw("</span></p>");
  }
  if (view.destinations.empty()) html.Raw("<p>none: nothing is delivered</p>");
  html.Raw("</section>");
  return html;
}

void AddProblem(Html& list, size_t& count, const Html& problem) {
  if (++count <= kProblemsShownMax) list.Raw("<div class=\"note bad\">").Add(problem).Raw("</div>");
}

// What somebody should look at.
Html Problems(const OverviewView& view) {
  Html list;
  size_t count = 0;
  if (!view.reload_error.empty()) {
    AddProblem(list, count, Html().Raw("<b>The last reload failed:</b> ").Text(view.reload_error));
  }
  for (const auto& status : view.destinations) {
    if (status.last_error.empty()) continue;
    AddProblem(list, count,
               Html()
                   .Raw("<a href=\"destinations\">")
                   .Text(status.name)
                   .Raw("</a>: ")
                   .Text(status.last_error));
  }
  for (const scrape::TargetStatus& target : view.scraper.active) {
    if (target.health != scrape::TargetHealth::kDown) continue;
    AddProblem(list, count,
               Html()
                   .Text(target.job + " ")
                   .Add(ExplainLink(target.labels, std::string(target.labels.Get("instance"))))
                   .Text(": " + target.last_error));
  }
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><h2>To be looked at</h2>");
  if (count == 0) html.Raw("<span class=\"badge good\">nothing</span>");
  if (count > kProblemsShownMax) {
    html.Raw("<span class=\"quiet\">").Text(CountText(kProblemsShownMax) + " of ");
    html.Text(CountText(count)).Raw("</span>");
  }
  html.Raw("</div>").Add(list).Raw("</section>");
  return html;
}

void NumberCell(std::string_view name, uint64_t number, Html& html) {
  html.Raw("<td class=\"number\" data-name=\"").Text(name).Raw("\">").Text(CountText(number));
  html.Raw("</td>");
}

Html LedgerRow(const remotewrite::DestinationStatus& status, const DeliveryPoints& points) {
  const buffer::Ledger& ledger = status.progress.ledger;
  const uint64_t dropped = DroppedOf(ledger);
  const bool adds_up =
      ledger.appended == ledger.acknowledged + ledger.pending + ledger.branched + dropped;
  Html html;
  html.Raw("<tr><td data-name=\"destination\"><a href=\"destinations\">").Text(status.name);
  html.Raw("</a></td>");
  NumberCell("scraped", ledger.appended, html);
  NumberCell("acknowledged", ledger.acknowledged, html);
  NumberCell("pending", ledger.pending + ledger.branched, html);
  NumberCell("dropped", dropped, html);
  html.Raw("<td class=\"number\" data-name=\"rate\">");
  html.Text(RateText(RateOf(points, &DeliveryPoint::acknowledged)));
  html.Raw("</td><td class=\"number\" data-name=\"adds up\">");
  if (adds_up) {
    html.Raw("<span class=\"badge good\">yes</span>");
  } else {
    html.Raw("<span class=\"badge bad\">no</span>");
  }
  html.Raw("</td></tr>");
  return html;
}

Html LedgerCard(const OverviewView& view) {
  Html html;
  html.Raw(
      "<section class=\"card\"><div class=\"head\"><h2>Ledger</h2><span class=\"quiet\">samples "
      "since each destination was first seen: scraped = acknowledged + pending + dropped</span>"
      "</div><table class=\"rows\"><thead><tr><th>Destination</th><th class=\"number\">Scraped"
      "</th><th class=\"number\">Acknowledged</th><th class=\"number\">Pending</th><th "
      "class=\"number\">Dropped</th><th class=\"number\">Rate</th><th class=\"number\">Adds up"
      "</th></tr></thead><tbody>");
  for (const auto& status : view.destinations) {
    html.Add(LedgerRow(status, PointsOf(view, status.name)));
  }
  html.Raw("</tbody></table></section>");
  return html;
}

}  // namespace

uint64_t DroppedOf(const buffer::Ledger& ledger) {
  return std::accumulate(ledger.dropped.begin(), ledger.dropped.end(), uint64_t{0});
}

Html OverviewPage(const OverviewView& view) {
  Html html;
  html.Raw("<div id=\"overview\" data-live><div class=\"flow\">");
  html.Add(DiscoveryCard(view)).Add(TargetsCard(view)).Add(BufferCard(view));
  html.Add(DestinationsCard(view)).Raw("</div>");
  html.Add(Problems(view)).Add(LedgerCard(view)).Raw("</div>");
  return html;
}

}  // namespace sluice::agent
