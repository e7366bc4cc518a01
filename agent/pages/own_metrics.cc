#include "agent/pages/own_metrics.h"

#include <algorithm>
#include <cstdlib>

namespace sluice::agent {

OwnMetrics::OwnMetrics(std::string_view exposition) {
  while (!exposition.empty()) {
    const size_t end = std::min(exposition.find('\n'), exposition.size());
    const std::string_view line = exposition.substr(0, end);
    exposition.remove_prefix(std::min(end + 1, exposition.size()));
    const size_t space = line.rfind(' ');
    if (line.empty() || line.front() == '#' || space == std::string_view::npos) continue;
    const std::string_view series = line.substr(0, space);
    const size_t name_end = std::min(series.find('{'), series.size());
    const double value = std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
    series_.emplace(std::string(series.substr(0, name_end)),
                    std::pair(std::string(series.substr(name_end)), value));
  }
}

double OwnMetrics::Sum(std::string_view name) const {
  double sum = 0;
  const auto [begin, end] = series_.equal_range(name);
  for (auto at = begin; at != end; ++at) sum += at->second.second;
  return sum;
}

std::map<std::string, double> OwnMetrics::SumBy(std::string_view name,
                                                std::string_view label) const {
  std::map<std::string, double> sums;
  const std::string key = std::string(label) + "=\"";
  const auto [begin, end] = series_.equal_range(name);
  for (auto at = begin; at != end; ++at) {
    const std::string& labels = at->second.first;
    const size_t found = labels.find(key);
    if (found == std::string::npos) continue;
    const size_t from = found + key.size();
    sums[labels.substr(from, labels.find('"', from) - from)] += at->second.second;
  }
  return sums;
}

}  // namespace sluice::agent
