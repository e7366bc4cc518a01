// The copy of the objects of a resource. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "scrape/discovery/kubernetes/list_watch.h"

namespace sluice::scrape {

// Thread-compatible.
class ObjectStore {
 public:
  // Far beyond what one agent can scrape.
  static constexpr size_t kObjectsMax = 500'000;

  // What became of an object.
  enum class Effect { kNone, kAdded, kUpdated, kDeleted, kRefused };

  // What a change does, object by object. `tell` gets the key and the effect of all that changed.
  template <class Tell>
  void Apply(ApiChange change, const Tell& tell) {
    switch (change.type) {
      case ApiChange::Type::kBegin:
        ++listing_;
        return;
      case ApiChange::Type::kPut: {
        const Effect effect = Put(change.key, std::move(change.text));
        if (effect != Effect::kNone) tell(change.key, effect);
        return;
      }
      case ApiChange::Type::kDelete:
        if (objects_.erase(change.key) != 0) tell(change.key, Effect::kDeleted);
        return;
      case ApiChange::Type::kComplete:
        is_complete_ = true;
        for (auto it = objects_.begin(); it != objects_.end();) {
          const auto object = it++;
          if (object->second.listing == listing_) continue;
          const std::string key = object->first;
          objects_.erase(object);
          tell(key, Effect::kDeleted);
        }
        return;
    }
  }

  // Whether all objects have been told at least once.
  bool is_complete() const { return is_complete_; }

  // JSON; null when there is none.
  const std::string* Find(std::string_view key) const;

  struct Object {
    std::string text;
    uint64_t listing = 0;  // in which it was told last, or after it
  };

  // By key.
  const std::map<std::string, Object, std::less<>>& objects() const { return objects_; }

 private:
  Effect Put(const std::string& key, std::string text);

  bool is_complete_ = false;
  uint64_t listing_ = 0;
  std::map<std::string, Object, std::less<>> objects_;
};

}  // namespace sluice::scrape
