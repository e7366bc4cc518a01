#include "agent/vmagent/vmagent_values.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/flags/flag_reader.h"
#include "agent/vmagent/vmagent_flags.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kOpening = "{[(";
constexpr std::string_view kClosing = "}])";

std::string Unquoted(std::string_view item) {
  const bool quoted = item.size() > 1 && (item.front() == '"' || item.front() == '\'') &&
                      item.front() == item.back();
  return std::string(quoted ? item.substr(1, item.size() - 2) : item);
}

}  // namespace

std::vector<std::string> SplitFlagList(std::string_view text) {
  std::vector<std::string> items;
  size_t begin = 0;
  int depth = 0;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\') ++i;
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (kOpening.find(c) != std::string_view::npos) {
      ++depth;
    } else if (kClosing.find(c) != std::string_view::npos) {
      depth = std::max(0, depth - 1);
    } else if (c == ',' && depth == 0) {
      items.push_back(Unquoted(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  items.push_back(Unquoted(text.substr(begin)));
  return items;
}

std::string ExpandVmagentText(std::string_view text, const Environment& environment) {
  std::string expanded;
  while (!text.empty()) {
    const size_t begin = text.find("%{");
    const size_t end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) break;
    const std::string_view name = text.substr(begin + 2, end - begin - 2);
    const std::optional<std::string> value = environment(name);
    expanded += text.substr(0, begin);
    expanded += value ? std::string_view(*value) : text.substr(begin, end + 1 - begin);
    text.remove_prefix(end + 1);
  }
  return expanded.append(text);
}

std::string SizeText(std::string text) {
  const bool is_number =
      !text.empty() && text.find_first_not_of("0123456789") == std::string::npos && text != "0";
  return is_number ? text + "B" : text;
}

void AddEnvironmentFlags(const Environment& environment, FlagValues& values) {
  const auto enabled = values.find("envflag.enable");
  if (enabled == values.end() || enabled->second.back() != "true") return;
  const auto prefix = values.find("envflag.prefix");
  for (const FlagSpec* spec : VmagentFlagSpecs()) {
    if (values.contains(spec->name)) continue;
    std::string variable = prefix == values.end() ? "" : prefix->second.back();
    variable += spec->name;
    std::replace(variable.begin(), variable.end(), '.', '_');
    if (std::optional<std::string> value = environment(variable)) {
      values[std::string(spec->name)] = {std::move(*value)};
    }
  }
}

VmagentValues::VmagentValues(const FlagValues& given, const Environment& environment) {
  for (const FlagSpec* spec : VmagentFlagSpecs()) {
    const auto found = given.find(spec->name);
    if (found == given.end()) continue;
    std::vector<std::string>& items = values_[std::string(spec->name)];
    const bool is_list =
        spec->kind == FlagSpec::Kind::kValues || spec->kind == FlagSpec::Kind::kSwitches;
    for (const std::string& value : found->second) {
      const std::string text = ExpandVmagentText(value, environment);
      if (!is_list) {
        items = {text};
        continue;
      }
      for (std::string& item : SplitFlagList(text)) items.push_back(std::move(item));
    }
  }
}

std::string VmagentValues::Text(std::string_view name, std::string_view fallback) const {
  const auto found = values_.find(name);
  const bool given = found != values_.end() && !found->second.back().empty();
  return given ? found->second.back() : std::string(fallback);
}

bool VmagentValues::On(std::string_view name, bool fallback) const {
  return ReadSwitch(Text(name)).value_or(fallback);
}

std::vector<std::string> VmagentValues::List(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return {};
  std::vector<std::string> items = found->second;
  std::erase(items, "");
  return items;
}

std::string VmagentValues::Of(std::string_view name, size_t place,
                              std::string_view fallback) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::string(fallback);
  const std::vector<std::string>& items = found->second;
  if (items.size() == 1) place = 0;
  return place < items.size() && !items[place].empty() ? items[place] : std::string(fallback);
}

std::string VmagentValues::At(std::string_view name, size_t place) const {
  const auto found = values_.find(name);
  const bool there = found != values_.end() && place < found->second.size();
  return there ? found->second[place] : std::string();
}

bool VmagentValues::OnOf(std::string_view name, size_t place) const {
  return ReadSwitch(Of(name, place)).value_or(false);
}

}  // namespace sluice::agent
