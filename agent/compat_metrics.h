// Our own metrics under further names that published alerts and dashboards of Prometheus and
// vmagent ask for: --web.compat-metrics. Pure, from text to text.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::agent {

struct CompatMetric {
  enum class Fold { kEach, kSum, kMax };

  std::string_view name;
  std::string_view source;  // the metric of ours that means the same; of a histogram all series
  Fold fold = Fold::kEach;  // of series that differ in the labels below, or are all one
  // Only series with this label and one of the two values count; it is then left out.
  std::string_view label = {};
  std::string_view value = {};
  std::string_view or_value = {};
  // A label that has another name.
  std::string_view renamed = {};
  std::string_view renamed_to = {};
  // A label that is added.
  std::string_view added = {};
};

// In docs/telemetry.md, line for line.
std::span<const CompatMetric> CompatMetrics();

// What they are, as of `exposition` in the text format, which must be one that Telemetry made.
std::string ExposeCompatMetrics(std::string_view exposition);

}  // namespace sluice::agent
