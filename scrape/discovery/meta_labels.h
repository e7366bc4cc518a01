// Labels of a discovered target: `__meta_consul_` and the like.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "relabel/labels.h"

namespace sluice::scrape {

// With `_` for each byte that is not a letter, a digit or `_`: how foreign keys end label names.
std::string SanitizedLabelName(std::string_view name);

// "a,b" -> ",a,b,": with the separator at both ends, so that a rule need not care which tag is
// where.
std::string WrappedList(const std::vector<std::string_view>& items, std::string_view separator);

// Collects the labels of one target. Of equal names the last one wins; empty values are left out.
// Thread-compatible.
class MetaLabels {
 public:
  explicit MetaLabels(std::string prefix) : prefix_(std::move(prefix)) {}

  // The prefix and `name`.
  void Add(std::string_view name, std::string_view value);

  // Without the prefix.
  void AddPlain(std::string_view name, std::string_view value);

  // For each key of an object of texts: the prefix, `name` and the sanitised key.
  void AddAll(std::string_view name, const JsonView& texts);

  // All of another one with the same prefix.
  void Merge(const MetaLabels& other);

  // Together with `__address__`.
  relabel::Labels Target(std::string address) const;

  // Without an address, for a group.
  relabel::Labels Labels() const;

 private:
  std::string prefix_;
  std::vector<relabel::Label> labels_;
};

}  // namespace sluice::scrape
