#include "agent/config/global_section.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "agent/config/expand.h"
#include "agent/config/pending_fields.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"scrape_interval", "scrape_timeout",
                                                     "body_size_limit", "external_labels"};

relabel::Labels DecodeExternalLabels(const Value& value, const Environment& environment) {
  std::vector<relabel::Label> labels;
  for (const auto& entry : value.Entries("map[string]string")) {
    const std::string& name = entry.first;
    std::vector<std::string> missing;
    std::string text = ExpandVariables(entry.second.Text(), environment, missing);
    if (!IsValidUtf8(name) || name.empty()) {
      value.Fail(QuoteText(name) + " is not a valid label name");
    }
    if (!IsValidUtf8(text)) entry.second.Fail(QuoteText(text) + " is not a valid label value");
    for (const std::string& variable : missing) {
      entry.second.Warn("environment variable " + QuoteText(variable) + " is empty or not set");
    }
    labels.push_back({name, std::move(text)});
  }
  return relabel::Labels::From(std::move(labels));
}

}  // namespace

GlobalSection DecodeGlobal(const Value& value, const Environment& environment) {
  GlobalSection global;
  const std::chrono::milliseconds default_interval = global.scrape_interval;
  const std::chrono::milliseconds default_timeout = global.scrape_timeout;
  const std::vector<std::string_view> pending = NamesOf(PendingGlobalFields());
  const Fields fields(value, "config.plain", {kFields, pending});
  CheckPendingFields(fields, PendingGlobalFields());
  std::chrono::milliseconds timeout{0};
  fields.Read("scrape_interval", global.scrape_interval);
  fields.Read("scrape_timeout", timeout);
  fields.ReadSize("body_size_limit", global.body_size_limit);
  if (global.scrape_interval.count() == 0) global.scrape_interval = default_interval;
  if (timeout > global.scrape_interval) {
    fields.Find("scrape_timeout")->Fail("global scrape timeout greater than scrape interval");
  }
  global.scrape_timeout =
      timeout.count() == 0 ? std::min(default_timeout, global.scrape_interval) : timeout;
  if (const auto labels = fields.Find("external_labels")) {
    global.external_labels = DecodeExternalLabels(*labels, environment);
  }
  return global;
}

}  // namespace sluice::agent
