#include "agent/pages/page_shell.h"

#include <algorithm>
#include <array>

namespace sluice::agent {
namespace {

struct PageEntry {
  std::string_view path;
  std::string_view title;
};

constexpr std::array<PageEntry, 9> kPages = {{{"overview", "Overview"},
                                              {"targets", "Targets"},
                                              {"service-discovery", "Discovery"},
                                              {"destinations", "Destinations"},
                                              {"explain", "Explain"},
                                              {"relabel", "Relabel"},
                                              {"config", "Configuration"},
                                              {"flags", "Flags"},
                                              {"status", "Status"}}};

const PageEntry* Find(std::string_view path) {
  const auto* const found = std::find_if(kPages.begin(), kPages.end(),
                                         [&](const PageEntry& page) { return page.path == path; });
  return found == kPages.end() ? nullptr : found;
}

}  // namespace

bool IsPage(std::string_view path) { return Find(path) != nullptr; }

std::string PageText(std::string_view path, const Html& content) {
  const PageEntry* const current = Find(path);
  const std::string_view title = current == nullptr ? "Sluice" : current->title;
  Html html;
  html.Raw(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>");
  html.Text(title).Raw(
      " - Sluice</title><link rel=\"icon\" href=\"static/icon.svg\">"
      "<link rel=\"stylesheet\" href=\"static/pages.css\">"
      "<script src=\"static/pages.js\" defer></script></head><body>"
      "<header><a class=\"brand\" href=\"overview\">Sluice</a><nav aria-label=\"Pages\">");
  for (const PageEntry& page : kPages) {
    html.Raw("<a href=\"").Text(page.path).Raw("\"");
    if (&page == current) html.Raw(" aria-current=\"page\"");
    html.Raw(">").Text(page.title).Raw("</a>");
  }
  html.Raw("</nav></header><main><h1>").Text(title).Raw("</h1>");
  html.Add(content).Raw("</main><footer>Sluice ").Text(SLUICE_VERSION);
  html.Raw(" <a href=\"metrics\">metrics</a></footer></body></html>\n");
  return html.Take();
}

HttpServerResponse PageAnswer(std::string_view path, const Html& content) {
  HttpServerResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = PageText(path, content);
  response.headers = {
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src "
       "'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"Referrer-Policy", "no-referrer"},
      {"Cache-Control", "no-store"}};
  return response;
}

}  // namespace sluice::agent
