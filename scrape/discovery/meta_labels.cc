#include "scrape/discovery/meta_labels.h"

#include <algorithm>
#include <utility>

namespace sluice::scrape {

std::string SanitizedLabelName(std::string_view name) {
  std::string sanitized(name);
  std::replace_if(
      sanitized.begin(), sanitized.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
      },
      '_');
  return sanitized;
}

std::string WrappedList(const std::vector<std::string_view>& items, std::string_view separator) {
  std::string list(separator);
  for (size_t i = 0; i < items.size(); ++i) {
    if (i > 0) list += separator;
    list += items[i];
  }
  return list.append(separator);
}

void MetaLabels::Add(std::string_view name, std::string_view value) {
  labels_.push_back({prefix_ + std::string(name), std::string(value)});
}

void MetaLabels::AddPlain(std::string_view name, std::string_view value) {
  labels_.push_back({std::string(name), std::string(value)});
}

void MetaLabels::AddAll(std::string_view name, const JsonView& texts) {
  for (const auto& [key, value] : texts.Entries()) {
    Add(std::string(name) + SanitizedLabelName(key), value.Text());
  }
}

void MetaLabels::Merge(const MetaLabels& other) {
  labels_.insert(labels_.end(), other.labels_.begin(), other.labels_.end());
}

relabel::Labels MetaLabels::Target(std::string address) const {
  std::vector<relabel::Label> labels = labels_;
  labels.push_back({"__address__", std::move(address)});
  return relabel::Labels::From(std::move(labels));
}

relabel::Labels MetaLabels::Labels() const { return relabel::Labels::From(labels_); }

}  // namespace sluice::scrape
