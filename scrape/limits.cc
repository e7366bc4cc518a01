#include "scrape/limits.h"

#include <string>
#include <string_view>

#include "base/utf8.h"
#include "relabel/labels.h"

namespace sluice::scrape {
namespace {

// Messages show no more characters of a text than this.
constexpr size_t kShownMax = 50;

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string Shown(std::string_view text) {
  size_t characters = 0;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    if (ContinuesCharacter(text[end])) continue;
    if (++characters > kShownMax) break;
  }
  return std::string(text.substr(0, end));
}

std::string Tail(std::string_view what, uint64_t actual, uint64_t limit) {
  return ", " + std::string(what) + ": " + std::to_string(actual) +
         ", limit: " + std::to_string(limit) + ")";
}

}  // namespace

Status CheckLabelLimits(std::span<const buffer::LabelView> labels, const LabelLimits& limits) {
  if (!limits.any()) return Status::Ok();
  std::string_view metric;
  for (const buffer::LabelView& label : labels) {
    if (label.name == relabel::kMetricName) metric = label.value;
  }
  if (limits.count != 0 && labels.size() > limits.count) {
    return InvalidInput("label_limit exceeded (metric: " + Shown(metric) +
                        Tail("number of labels", labels.size(), limits.count));
  }
  for (const buffer::LabelView& label : labels) {
    if (limits.name_length != 0 && label.name.size() > limits.name_length) {
      return InvalidInput("label_name_length_limit exceeded (metric: " + Shown(metric) +
                          ", label name: " + Shown(label.name) +
                          Tail("length", label.name.size(), limits.name_length));
    }
    if (limits.value_length != 0 && label.value.size() > limits.value_length) {
      return InvalidInput("label_value_length_limit exceeded (metric: " + Shown(metric) +
                          ", label name: " + Shown(label.name) +
                          ", value: " + QuoteText(Shown(label.value)) +
                          Tail("length", label.value.size(), limits.value_length));
    }
  }
  return Status::Ok();
}

}  // namespace sluice::scrape
