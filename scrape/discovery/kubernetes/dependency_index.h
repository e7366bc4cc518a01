// Which groups have to be built again when an object changes that they were made of. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "scrape/discovery/kubernetes/api_resource.h"

namespace sluice::scrape {

// Thread-compatible.
class DependencyIndex {
 public:
  struct Object {
    ApiKind kind = ApiKind::kPod;
    std::string key;

    auto operator<=>(const Object&) const = default;
  };

  // What the group of `key` was made of last, beside its own object; also what was looked for and
  // is not there.
  void Set(const std::string& key, const std::set<Object>& objects);

  // Adds the keys of the groups that an object is a part of.
  void AddDependents(const Object& object, std::set<std::string>& keys) const;

  // Objects that groups were made of.
  size_t size() const { return dependents_.size(); }

 private:
  using Dependents = std::map<Object, std::set<std::string>>;

  void Forget(const std::string& key);

  Dependents dependents_;
  std::map<std::string, std::vector<Dependents::iterator>> objects_;  // by key of the group
};

}  // namespace sluice::scrape
