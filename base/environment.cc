#include "base/environment.h"

#include <algorithm>
#include <unistd.h>

namespace sluice {

Environment ReadEnvironment(std::initializer_list<std::string_view> prefixes) {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    const bool is_wanted = std::any_of(prefixes.begin(), prefixes.end(),
                                       [&](auto prefix) { return name.starts_with(prefix); });
    if (is_wanted) environment.emplace(name, text.substr(equals + 1));
  }
  return environment;
}

std::string Variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

}  // namespace sluice
