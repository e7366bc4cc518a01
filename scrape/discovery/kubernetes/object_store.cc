#include "scrape/discovery/kubernetes/object_store.h"

#include <utility>

namespace sluice::scrape {

const std::string* ObjectStore::Find(std::string_view key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : &found->second.text;
}

ObjectStore::Effect ObjectStore::Put(const std::string& key, std::string text) {
  const auto found = objects_.find(key);
  text.shrink_to_fit();
  if (found == objects_.end()) {
    if (objects_.size() >= kObjectsMax) return Effect::kRefused;
    objects_.emplace(key, Object{std::move(text), listing_});
    return Effect::kAdded;
  }
  found->second.listing = listing_;
  if (found->second.text == text) return Effect::kNone;
  found->second.text = std::move(text);
  return Effect::kUpdated;
}

}  // namespace sluice::scrape
