#include "agent/pages/filter.h"

#include <algorithm>
#include <cctype>

namespace sluice::agent {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return lower;
}

bool HasText(const relabel::Labels& labels, std::string_view url, std::string_view text) {
  return text.empty() || LowerCase(url).find(text) != std::string::npos ||
         LowerCase(labels.ToString()).find(text) != std::string::npos;
}

Html ChoiceField(std::string_view name, std::string_view any,
                 const std::vector<std::string>& options, std::string_view chosen) {
  Html html;
  html.Raw("<select name=\"").Text(name).Raw("\" aria-label=\"").Text(name).Raw("\">");
  html.Raw("<option value=\"\">").Text(any).Raw("</option>");
  for (const std::string& option : options) {
    html.Raw("<option");
    if (option == chosen) html.Raw(" selected");
    html.Raw(" value=\"").Text(option).Raw("\">").Text(option).Raw("</option>");
  }
  html.Raw("</select>");
  return html;
}

}  // namespace sluice::agent
