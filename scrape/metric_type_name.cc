#include "scrape/metric_type_name.h"

namespace sluice::scrape {

std::string_view MetricTypeName(buffer::MetricType type) {
  switch (type) {
    case buffer::MetricType::kCounter:
      return "counter";
    case buffer::MetricType::kGauge:
      return "gauge";
    case buffer::MetricType::kHistogram:
      return "histogram";
    case buffer::MetricType::kGaugeHistogram:
      return "gaugehistogram";
    case buffer::MetricType::kSummary:
      return "summary";
    case buffer::MetricType::kInfo:
      return "info";
    case buffer::MetricType::kStateset:
      return "stateset";
    case buffer::MetricType::kUnknown:
      return "unknown";
  }
  return "unknown";
}

}  // namespace sluice::scrape
