#include "base/telemetry.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <thread>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/mutex.h"
#include "base/result.h"
#include "base/utf8.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kRecheck(100);

// One function of OnCollect(). Runs on one thread at a time. Thread-safe.
class CollectCallback {
 public:
  explicit CollectCallback(std::function<void()> update) : update_(std::move(update)) {}

  void Run() {
    if (!Enter()) return;
    update_();
    const MutexLock lock(mu_);
    running_ = false;
    changed_.NotifyAll();
  }

  // No call is running, but on this very thread, when it returns, and none will.
  void Disable() {
    const MutexLock lock(mu_);
    disabled_ = true;
    while (running_ && runner_ != std::this_thread::get_id()) changed_.WaitFor(mu_, kRecheck);
  }

 private:
  bool Enter() {
    const MutexLock lock(mu_);
    const auto self = std::this_thread::get_id();
    // An update that asks for an exposition itself does not run once more inside of it.
    while (running_ && runner_ != self) changed_.WaitFor(mu_, kRecheck);
    if (disabled_ || running_) return false;
    running_ = true;
    runner_ = self;
    return true;
  }

  const std::function<void()> update_;
  Mutex mu_;
  CondVar changed_;
  bool disabled_ SLUICE_GUARDED_BY(mu_) = false;
  bool running_ SLUICE_GUARDED_BY(mu_) = false;
  std::thread::id runner_ SLUICE_GUARDED_BY(mu_);
};

// Thread-safe. Shared with the tokens, which may outlive the Telemetry.
class CollectCallbacks {
 public:
  void Add(std::shared_ptr<CollectCallback> callback) {
    const MutexLock lock(mu_);
    callbacks_.push_back(std::move(callback));
  }

  void Remove(const std::shared_ptr<CollectCallback>& callback) {
    callback->Disable();
    const MutexLock lock(mu_);
    std::erase(callbacks_, callback);
  }

  void RunAll() {
    std::vector<std::shared_ptr<CollectCallback>> callbacks;
    {
      const MutexLock lock(mu_);
      callbacks = callbacks_;
    }
    for (const auto& callback : callbacks) callback->Run();
  }

 private:
  Mutex mu_;
  std::vector<std::shared_ptr<CollectCallback>> callbacks_ SLUICE_GUARDED_BY(mu_);
};

prometheus::Labels ValidLabels(const MetricLabels& labels) {
  prometheus::Labels valid;
  for (const auto& [name, value] : labels) {
    valid.emplace(name, ReplaceInvalidUtf8(value));
  }
  return valid;
}

bool Includes(const prometheus::Labels& labels, const prometheus::Labels& wanted) {
  return std::includes(labels.begin(), labels.end(), wanted.begin(), wanted.end());
}

}  // namespace

struct Telemetry::Impl {
  // What RemoveSeriesWith() needs to know of a series.
  struct Series {
    prometheus::Labels labels;
    std::function<void()> remove;
  };

  // prometheus-cpp throws on names that are none and on a name of two types: mistakes in our own
  // code, which every test of the caller finds.
  template <class Builder, class... Bounds>
  auto* Add(Builder builder, const std::string& name, const std::string& help,
            const MetricLabels& metric_labels, const Bounds&... bounds) {
    try {
      const prometheus::Labels labels = ValidLabels(metric_labels);
      const MutexLock lock(mu);
      auto& family = builder.Name(name).Help(help).Register(registry);
      const bool known = family.Has(labels);
      auto* metric = &family.Add(labels, bounds...);
      if (!known) {
        series.push_back({labels, [family_of = &family, metric] { family_of->Remove(metric); }});
      }
      return metric;
    } catch (const std::exception& error) {
      Die(__FILE__, __LINE__, "metric " + name + ": " + error.what());
    }
  }

  Mutex mu;
  prometheus::Registry registry;  // Thread-safe
  std::vector<Series> series SLUICE_GUARDED_BY(mu);
  std::shared_ptr<CollectCallbacks> callbacks = std::make_shared<CollectCallbacks>();
};

void Counter::Increment(double by) const {
  if (impl_ != nullptr) impl_->Increment(by);
}

double Counter::value() const { return impl_ == nullptr ? 0 : impl_->Value(); }

void Gauge::Set(double value) const {
  if (impl_ != nullptr) impl_->Set(value);
}

double Gauge::value() const { return impl_ == nullptr ? 0 : impl_->Value(); }

void Histogram::Observe(double value) const {
  if (impl_ != nullptr) impl_->Observe(value);
}

Telemetry::Telemetry() : impl_(std::make_unique<Impl>()) {}

Telemetry::~Telemetry() = default;

Counter Telemetry::AddCounter(const std::string& name, const std::string& help,
                              const MetricLabels& labels) {
  return Counter(impl_->Add(prometheus::BuildCounter(), name, help, labels));
}

Gauge Telemetry::AddGauge(const std::string& name, const std::string& help,
                          const MetricLabels& labels) {
  return Gauge(impl_->Add(prometheus::BuildGauge(), name, help, labels));
}

Histogram Telemetry::AddHistogram(const std::string& name, const std::string& help,
                                  const MetricLabels& labels, const std::vector<double>& bounds) {
  return Histogram(impl_->Add(prometheus::BuildHistogram(), name, help, labels, bounds));
}

void Telemetry::RemoveSeriesWith(const MetricLabels& labels) {
  const prometheus::Labels wanted = ValidLabels(labels);
  const MutexLock lock(impl_->mu);
  std::erase_if(impl_->series, [&wanted](const Impl::Series& series) {
    if (!Includes(series.labels, wanted)) return false;
    series.remove();
    return true;
  });
}

std::shared_ptr<void> Telemetry::OnCollect(std::function<void()> update) {
  auto callback = std::make_shared<CollectCallback>(std::move(update));
  impl_->callbacks->Add(callback);
  return {callback.get(),
          [callbacks = impl_->callbacks, callback](void*) { callbacks->Remove(callback); }};
}

std::string Telemetry::ExposeText() {
  impl_->callbacks->RunAll();
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  std::sort(families.begin(), families.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace sluice
