// Whether to believe a receiver that refuses requests, and how much effort to spend on finding out
// which samples it does not want.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "remotewrite/projection_cache.h"

namespace sluice::remotewrite {

// "400" may speak about a sample, or come from a proxy that was set up wrongly and would say so to
// everything. So refused samples are dropped only when the receiver accepts others; when it has
// refused kStreakMax requests in a row it is not believed any more. Pure.
class RefusalGuard {
 public:
  // More than it takes to find one bad sample in the first place of a large request.
  static constexpr uint32_t kStreakMax = 24;
  static constexpr std::chrono::minutes kTrust{1};
  static constexpr uint32_t kSplitsMax = 512;

  void OnAccepted() { streak_ = 0; }

  // A request that was not refused before.
  void OnRefused() { ++streak_; }

  // The receiver accepted a fresh sample while it refused others: it means what it says.
  void OnWitnessAccepted(MonotonicTime now) {
    streak_ = 0;
    trusted_until_ = now + kTrust;
  }

  bool IsTrusted(MonotonicTime now) const { return now < trusted_until_; }

  bool IsSuspicious(MonotonicTime now) const { return streak_ >= kStreakMax && !IsTrusted(now); }

  // How often a job may be split: less and less while nothing of what is refused turns out to hold
  // good samples, as when a backlog has become too old for the receiver. What is refused beyond
  // that is dropped as a whole, at most the rest of one request.
  uint32_t splits_allowed() const { return splits_allowed_; }

  // As if it had never been refused anything.
  bool is_fresh() const { return streak_ == 0 && splits_allowed_ == kSplitsMax; }

  enum class JobEnd { kAllRefused, kSomeRefused };
  void OnJobEnd(JobEnd end);

 private:
  uint32_t streak_ = 0;
  uint32_t splits_allowed_ = kSplitsMax;
  MonotonicTime trusted_until_{};
};

// Series that were refused alone, so that the next request which holds them is split in the right
// place at once. Bounded: forgets everything when it is full. Pure.
class Suspects {
 public:
  static constexpr size_t kLayoutsMax = 1'024;

  // Ascending; valid until the next change. Empty when there is none.
  std::span<const uint32_t> Of(const ContentPair& layout) const;
  void Add(const ContentPair& layout, uint32_t series);
  void Remove(const ContentPair& layout, std::span<const uint32_t> series);

 private:
  std::unordered_map<ContentPair, std::vector<uint32_t>, ContentPairHash> series_;
};

}  // namespace sluice::remotewrite
