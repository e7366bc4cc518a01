// Equal content, held once: what one owner makes anew is given up for what another one has.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"

namespace sluice::scrape {

// `Content` has Hash() and operator==. The pool keeps nothing alive, and remembers at most about
// twice as many contents as are held. Thread-safe.
template <class Content>
class ContentPool {
 public:
  // The content that somebody holds and that equals this one; or this one, from now on shared.
  std::shared_ptr<const Content> Intern(std::shared_ptr<const Content> content)
      SLUICE_EXCLUDES(mu_) {
    const uint64_t hash = content->Hash();
    // Compared without the lock, since that may take long.
    if (auto held = Find(hash); held != nullptr && *held == *content) return held;
    return Add(hash, std::move(content));
  }

  std::shared_ptr<const Content> Intern(Content&& content) SLUICE_EXCLUDES(mu_) {
    return Intern(std::make_shared<const Content>(std::move(content)));
  }

  // How many are remembered, be they held or not.
  size_t size() const SLUICE_EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    return held_.size();
  }

 private:
  static constexpr size_t kPurgeMin = 64;

  std::shared_ptr<const Content> Find(uint64_t hash) const SLUICE_EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    const auto found = held_.find(hash);
    return found == held_.end() ? nullptr : found->second.lock();
  }

  std::shared_ptr<const Content> Add(uint64_t hash, std::shared_ptr<const Content> content)
      SLUICE_EXCLUDES(mu_) {
    const MutexLock lock(mu_);
    std::weak_ptr<const Content>& place = held_[hash];
    // Another thread may have been faster. Other content of the same hash loses its place only:
    // its holders keep it.
    if (auto other = place.lock(); other != nullptr && *other == *content) return other;
    place = content;
    if (held_.size() >= purge_at_) Purge();
    return content;
  }

  void Purge() SLUICE_REQUIRES(mu_) {
    std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
    purge_at_ = std::max(kPurgeMin, 2 * held_.size());
  }

  mutable Mutex mu_;
  std::unordered_map<uint64_t, std::weak_ptr<const Content>> held_ SLUICE_GUARDED_BY(mu_);
  size_t purge_at_ SLUICE_GUARDED_BY(mu_) = kPurgeMin;
};

}  // namespace sluice::scrape
