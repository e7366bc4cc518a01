#include "agent/pages/destinations_page.h"

#include <utility>

#include "agent/pages/figures.h"
#include "agent/pages/parts.h"
#include "agent/pages/plot.h"
#include "agent/time_text.h"

namespace sluice::agent {
namespace {

const DeliveryPoints& PointsOf(const DestinationsView& view, const std::string& name) {
  static const DeliveryPoints kNone;
  const auto found = view.history.find(name);
  return found == view.history.end() ? kNone : found->second;
}

void Fact(std::string_view name, std::string_view value, Html& html) {
  html.Raw("<div><dt>").Text(name).Raw("</dt><dd>").Text(value).Raw("</dd></div>");
}

std::string CatchUp(const remotewrite::DestinationStatus& status) {
  constexpr double kUsualSeconds = 15;  // until a request is full, or is sent all the same
  if (status.last_error.empty() && status.pending_seconds < kUsualSeconds) return "yes";
  if (!status.catch_up) return "not known";
  return "in " + SpanText(static_cast<double>(status.catch_up->count()));
}

Html Facts(const DestinationsView& view, const remotewrite::DestinationStatus& status) {
  const auto retried = view.retried.find(status.name);
  const DeliveryPoints& points = PointsOf(view, status.name);
  Html html;
  html.Raw("<dl class=\"facts\">");
  Fact("Behind", SpanText(status.pending_seconds), html);
  Fact("Backlog", BytesText(static_cast<double>(status.progress.pending_bytes)), html);
  Fact("Caught up", CatchUp(status), html);
  Fact("Rate", RateText(RateOf(points, &DeliveryPoint::acknowledged)), html);
  Fact("Requests in flight",
       std::to_string(status.requests_in_flight) + " of " + std::to_string(status.shards), html);
  Fact("Samples retried", CountText(retried == view.retried.end() ? 0 : retried->second), html);
  Fact("Newest sent", AgoText(status.highest_sent_ms, view.now_ms), html);
  Fact("Refused for good", CountText(status.quarantined_samples), html);
  Fact("Protocol", status.protocol, html);
  if (status.tenants > 0) Fact("Tenants", CountText(status.tenants), html);
  html.Raw("</dl>");
  return html;
}

Plot PlotOf(std::string title, const DestinationsView& view, const DeliveryPoints& points,
            double (*value_of)(const DeliveryPoint&), std::string (*text_of)(double)) {
  Plot plot{.title = std::move(title), .until_ms = view.now_ms, .points = {}, .text_of = text_of};
  for (const DeliveryPoint& point : points) {
    plot.points.push_back({point.time_ms, value_of(point)});
  }
  return plot;
}

Plot RatePlot(const DestinationsView& view, const DeliveryPoints& points) {
  Plot plot{.title = "Delivered", .until_ms = view.now_ms};
  plot.text_of = [](double value) { return RateText(value); };
  for (size_t i = 1; i < points.size(); ++i) {
    const auto rate = RateOf({points[i - 1], points[i]}, &DeliveryPoint::acknowledged);
    if (rate) plot.points.push_back({points[i].time_ms, *rate});
  }
  return plot;
}

Html Plots(const DestinationsView& view, const DeliveryPoints& points) {
  Html html;
  html.Raw("<div class=\"plots\">");
  html.Add(DrawPlot(PlotOf(
      "Behind", view, points, [](const DeliveryPoint& point) { return point.pending_seconds; },
      SpanText)));
  html.Add(DrawPlot(PlotOf(
      "Backlog", view, points,
      [](const DeliveryPoint& point) { return static_cast<double>(point.pending_bytes); },
      BytesText)));
  html.Add(DrawPlot(RatePlot(view, points))).Raw("</div>");
  return html;
}

Html Troubles(const remotewrite::DestinationStatus& status) {
  Html html;
  if (!status.last_error.empty()) {
    html.Raw("<div class=\"note bad\"><b>Last error:</b> ").Text(status.last_error).Raw("</div>");
  }
  if (!status.protocol_fallback.empty()) {
    html.Raw("<div class=\"note warn\">").Text(status.protocol + ": " + status.protocol_fallback);
    html.Raw("</div>");
  }
  for (const remotewrite::TenantTrouble& trouble : status.troubles) {
    html.Raw("<div class=\"note warn\">tenant ").Text(trouble.tenant);
    html.Text(trouble.paused ? ", paused: " : ", retrying: ").Text(trouble.last_error);
    html.Raw("</div>");
  }
  return html;
}

void LedgerRow(std::string_view name, uint64_t samples, Html& html) {
  html.Raw("<tr><td>").Text(name).Raw("</td><td class=\"number\">").Text(CountText(samples));
  html.Raw("</td></tr>");
}

Html LedgerTable(const buffer::Ledger& ledger) {
  Html html;
  html.Raw("<div><h3>Ledger, in samples</h3><table><tbody>");
  LedgerRow("scraped", ledger.appended, html);
  LedgerRow("acknowledged", ledger.acknowledged, html);
  LedgerRow("pending", ledger.pending + ledger.branched, html);
  for (size_t i = 0; i < buffer::kDropReasonCount; ++i) {
    if (ledger.dropped.at(i) == 0) continue;
    const auto reason = static_cast<buffer::DropReason>(i);
    LedgerRow("dropped: " + std::string(buffer::DropReasonName(reason)), ledger.dropped.at(i),
              html);
  }
  html.Raw("</tbody></table></div>");
  return html;
}

Html LostTable(const std::vector<buffer::LostRange>& lost) {
  Html html;
  if (lost.empty()) return html;
  html.Raw("<div><h3>Lost</h3><table><tbody>");
  for (const buffer::LostRange& range : lost) {
    html.Raw("<tr><td>").Text(buffer::DropReasonName(range.reason)).Raw("</td><td>");
    html.Text(DateTimeText(range.from_ms) + " to " + DateTimeText(range.to_ms));
    html.Raw("</td><td class=\"number\">").Text(CountText(range.samples)).Raw("</td></tr>");
  }
  html.Raw("</tbody></table></div>");
  return html;
}

Html Card(const DestinationsView& view, const remotewrite::DestinationStatus& status) {
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><h2>").Text(status.name).Raw("</h2>");
  html.Add(StateBadge(status)).Raw("<span class=\"url\">").Text(status.url).Raw("</span></div>");
  html.Add(Troubles(status)).Add(Facts(view, status));
  html.Add(Plots(view, PointsOf(view, status.name)));
  html.Raw("<div class=\"two\">").Add(LedgerTable(status.progress.ledger));
  html.Add(LostTable(status.progress.lost)).Raw("</div></section>");
  return html;
}

}  // namespace

Html DestinationsPage(const DestinationsView& view) {
  Html html;
  html.Raw("<div id=\"destinations\" data-live>");
  for (const auto& status : view.destinations) html.Add(Card(view, status));
  if (view.destinations.empty()) {
    html.Raw("<div class=\"note warn\">There is no remote_write: nothing is delivered.</div>");
  }
  html.Raw("</div>");
  return html;
}

}  // namespace sluice::agent
