#include "scrape/discovery/kubernetes/dependency_index.h"

namespace sluice::scrape {

void DependencyIndex::Forget(const std::string& key) {
  const auto known = objects_.find(key);
  if (known == objects_.end()) return;
  for (const Dependents::iterator& object : known->second) {
    object->second.erase(key);
    if (object->second.empty()) dependents_.erase(object);
  }
  objects_.erase(known);
}

void DependencyIndex::Set(const std::string& key, const std::set<Object>& objects) {
  Forget(key);
  if (objects.empty()) return;
  std::vector<Dependents::iterator>& places = objects_[key];
  places.reserve(objects.size());
  for (const Object& object : objects) {
    const auto place = dependents_.try_emplace(object).first;
    place->second.insert(key);
    places.push_back(place);
  }
}

void DependencyIndex::AddDependents(const Object& object, std::set<std::string>& keys) const {
  const auto found = dependents_.find(object);
  if (found != dependents_.end()) keys.insert(found->second.begin(), found->second.end());
}

}  // namespace sluice::scrape
