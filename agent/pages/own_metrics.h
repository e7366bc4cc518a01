// What this process measures of itself, looked up by name: pages show the same figures as /metrics.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::agent {

// Thread-compatible.
class OwnMetrics {
 public:
  // `exposition` in the text format 0.0.4, as Telemetry::ExposeText() gives it.
  explicit OwnMetrics(std::string_view exposition);

  // The sum over all series of that name; 0 when there is none.
  double Sum(std::string_view name) const;

  // The same for each value of one label.
  std::map<std::string, double> SumBy(std::string_view name, std::string_view label) const;

 private:
  std::multimap<std::string, std::pair<std::string, double>, std::less<>> series_;  // labels, value
};

}  // namespace sluice::agent
