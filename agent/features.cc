#include "agent/features.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace sluice::agent {
namespace {

enum class Effect { kAgent, kExtraScrapeMetrics, kAutoReload, kAlwaysOn, kPending, kServer, kNone };

struct Feature {
  std::string_view name;
  Effect effect;
};

constexpr Feature kFeatures[] = {
    {"agent", Effect::kAgent},
    {"extra-scrape-metrics", Effect::kExtraScrapeMetrics},
    {"auto-reload-config", Effect::kAutoReload},
    {"metadata-wal-records", Effect::kAlwaysOn},
    {"created-timestamp-zero-ingestion", Effect::kPending},
    {"otlp-deltatocumulative", Effect::kPending},
    {"otlp-native-delta-ingestion", Effect::kPending},
    {"st-storage", Effect::kPending},
    {"st-synthesis", Effect::kPending},
    {"type-and-unit-labels", Effect::kPending},
    {"concurrent-rule-eval", Effect::kServer},
    {"delayed-compaction", Effect::kServer},
    {"exemplar-storage", Effect::kServer},
    {"fast-startup", Effect::kServer},
    {"histograms-st-encoding", Effect::kServer},
    {"memory-snapshot-on-shutdown", Effect::kServer},
    {"old-ui", Effect::kServer},
    {"promql-at-modifier", Effect::kServer},
    {"promql-binop-fill-modifiers", Effect::kServer},
    {"promql-delayed-name-removal", Effect::kServer},
    {"promql-duration-expr", Effect::kServer},
    {"promql-experimental-functions", Effect::kServer},
    {"promql-extended-range-selectors", Effect::kServer},
    {"promql-negative-offset", Effect::kServer},
    {"promql-per-step-stats", Effect::kServer},
    {"search-api", Effect::kServer},
    {"use-start-timestamps", Effect::kServer},
    {"use-uncached-io", Effect::kServer},
    {"xor2-encoding", Effect::kServer},
    {"native-histograms", Effect::kNone},
    {"ooo-native-histograms", Effect::kNone},
};

std::set<std::string> Names(const std::vector<std::string>& values) {
  std::set<std::string> names;
  for (const std::string& value : values) {
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::string_view name = rest.substr(0, rest.find(','));
      if (!name.empty()) names.emplace(name);
      rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    }
  }
  return names;
}

// Nothing where the name does what it says.
std::string_view WhyNot(Effect effect) {
  switch (effect) {
    case Effect::kAgent:
    case Effect::kExtraScrapeMetrics:
    case Effect::kAutoReload:
      return {};
    case Effect::kAlwaysOn:
      return "is always on";
    case Effect::kPending:
      return "is not supported yet and has no effect";
    case Effect::kServer:
      return "has no effect in an agent";
    case Effect::kNone:
      return "has no effect: scrape_native_histograms in the configuration file has";
  }
  return {};
}

void Enable(const std::string& name, Features& features) {
  const auto* const feature = std::find_if(std::begin(kFeatures), std::end(kFeatures),
                                           [&](const Feature& f) { return f.name == name; });
  if (feature == std::end(kFeatures)) {
    features.warnings.push_back("unknown option for --enable-feature: " + name);
    return;
  }
  if (feature->effect == Effect::kAgent) features.agent = true;
  if (feature->effect == Effect::kExtraScrapeMetrics) features.extra_scrape_metrics = true;
  if (feature->effect == Effect::kAutoReload) features.auto_reload_config = true;
  const std::string_view reason = WhyNot(feature->effect);
  if (reason.empty()) return;
  features.warnings.push_back("--enable-feature=" + name + " " + std::string(reason));
}

}  // namespace

Result<Features> ParseFeatures(const std::vector<std::string>& values) {
  const std::set<std::string> names = Names(values);
  if (names.contains("otlp-deltatocumulative") && names.contains("otlp-native-delta-ingestion")) {
    return InvalidInput(
        "cannot enable otlp-deltatocumulative and otlp-native-delta-ingestion features at the "
        "same time");
  }
  Features features;
  for (const std::string& name : names) Enable(name, features);
  return features;
}

}  // namespace sluice::agent
