#include "agent/pages/status_page.h"

#include "agent/pages/figures.h"
#include "agent/time_text.h"

namespace sluice::agent {
namespace {

void Fact(std::string_view name, std::string_view value, Html& html) {
  html.Raw("<div><dt>").Text(name).Raw("</dt><dd class=\"plain\">").Text(value);
  html.Raw("</dd></div>");
}

Html Process(const StatusView& view) {
  const double up = static_cast<double>(view.now_ms - view.start_ms) / 1000;
  Html html;
  html.Raw(
      "<section class=\"card\"><div class=\"head\"><h2>Process</h2></div><dl class=\"facts "
      "long\">");
  Fact("Version", SLUICE_VERSION, html);
  Fact("Started", DateTimeText(view.start_ms) + " UTC", html);
  Fact("Up for", SpanText(up), html);
  Fact("CPU time", SpanText(view.cpu_seconds), html);
  Fact("CPU on average", up > 0 ? FigureText(100 * view.cpu_seconds / up) + " % of a core" : "",
       html);
  Fact("Open files", CountText(view.open_files) + " of " + CountText(view.open_files_max), html);
  Fact("Damaged records", CountText(view.damaged_records), html);
  Fact("URL", view.url, html);
  Fact("Data", view.data_directory, html);
  html.Raw("</dl></section>");
  return html;
}

Html Configuration(const StatusView& view) {
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><h2>Configuration</h2>");
  if (view.reload_succeeded) {
    html.Raw("<span class=\"badge good\">last load succeeded</span>");
  } else {
    html.Raw("<span class=\"badge bad\">last reload failed: the one before goes on</span>");
  }
  html.Raw("</div><dl class=\"facts long\">");
  Fact("File", view.config_file, html);
  Fact("Loaded", DateTimeText(view.config_ms) + " UTC", html);
  html.Raw("</dl></section>");
  return html;
}

Html BudgetTable(const char* title, const std::vector<Budget>& budgets) {
  Html html;
  html.Raw("<section class=\"card\"><div class=\"head\"><h2>").Text(title);
  html.Raw(
      "</h2></div><table class=\"rows\"><thead><tr><th>Part</th><th class=\"number\">Used</th>"
      "<th class=\"number\">At most</th><th></th><th>Then</th></tr></thead><tbody>");
  for (const Budget& budget : budgets) {
    const auto limit = static_cast<uint64_t>(budget.limit);
    html.Raw("<tr><td data-name=\"part\">").Text(budget.name);
    html.Raw("</td><td class=\"number\" data-name=\"used\">").Text(BytesText(budget.used));
    html.Raw("</td><td class=\"number\" data-name=\"at most\">");
    if (limit > 0) html.Text(BytesText(budget.limit));
    html.Raw("</td><td class=\"wide\">");
    if (limit > 0) {
      html.Raw("<meter min=\"0\" max=\"").Number(limit).Raw("\" high=\"").Number(limit / 10 * 8);
      html.Raw("\" value=\"").Number(static_cast<uint64_t>(budget.used)).Raw("\"></meter>");
    }
    html.Raw("</td><td class=\"wide\" data-name=\"then\">").Text(budget.text).Raw("</td></tr>");
  }
  html.Raw("</tbody></table></section>");
  return html;
}

}  // namespace

Html StatusPage(const StatusView& view) {
  Html html;
  html.Raw("<div id=\"status\" data-live>").Add(Process(view)).Add(Configuration(view));
  html.Add(BudgetTable("Memory", view.memory)).Add(BudgetTable("Disk", view.disk));
  html.Raw("</div>");
  return html;
}

Html ConfigPage(const std::string& yaml) {
  Html html;
  html.Raw("<p class=\"quiet\">What runs, with defaults and without secrets.</p><pre>");
  html.Text(yaml).Raw("</pre>");
  return html;
}

Html FlagsPage(const std::map<std::string, std::string>& flags) {
  Html html;
  html.Raw(
      "<section class=\"card\"><table class=\"rows\"><thead><tr><th>Flag</th><th>Value</th></tr>"
      "</thead><tbody>");
  for (const auto& [name, value] : flags) {
    html.Raw("<tr><td class=\"wide\"><code>--")
        .Text(name)
        .Raw("</code></td><td class=\"wide mono\">")
        .Text(value);
    html.Raw("</td></tr>");
  }
  html.Raw("</tbody></table></section>");
  return html;
}

}  // namespace sluice::agent
