// Our own metrics: the only place that includes prometheus-cpp.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace sluice {

using MetricLabels = std::map<std::string, std::string>;

// Handles: cheap to copy, Thread-safe, valid as long as the Telemetry they came from and until the
// series is removed. A default-made handle counts into nothing.
class Counter {
 public:
  Counter() = default;
  void Increment(double by = 1) const;
  double value() const;

 private:
  friend class Telemetry;

  explicit Counter(prometheus::Counter* impl) : impl_(impl) {}

  prometheus::Counter* impl_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void Set(double value) const;
  double value() const;

 private:
  friend class Telemetry;

  explicit Gauge(prometheus::Gauge* impl) : impl_(impl) {}

  prometheus::Gauge* impl_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void Observe(double value) const;

 private:
  friend class Telemetry;

  explicit Histogram(prometheus::Histogram* impl) : impl_(impl) {}

  prometheus::Histogram* impl_ = nullptr;
};

// A registry of metric families. Names, units and labels are listed in docs/telemetry.md.
// Thread-safe. The same name and labels give the same series.
class Telemetry {
 public:
  Telemetry();
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;

  Counter AddCounter(const std::string& name, const std::string& help,
                     const MetricLabels& labels = {});
  Gauge AddGauge(const std::string& name, const std::string& help, const MetricLabels& labels = {});
  Histogram AddHistogram(const std::string& name, const std::string& help,
                         const MetricLabels& labels, const std::vector<double>& bounds);

  // Removes every series whose labels include all of `labels`; their handles must not be used
  // again.
  void RemoveSeriesWith(const MetricLabels& labels);

  // `update` runs before each exposition, on the thread that asks, so that gauges may be computed.
  // It stays registered until the returned token is destroyed, which waits for a running call.
  [[nodiscard]] std::shared_ptr<void> OnCollect(std::function<void()> update);

  // The text format 0.0.4 of all series.
  std::string ExposeText();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
