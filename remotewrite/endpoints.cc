#include "remotewrite/endpoints.h"

#include <algorithm>
#include <utility>

namespace sluice::remotewrite {

Endpoints::Endpoints(std::vector<std::string> urls, uint64_t seed) : rng_(seed) {
  for (std::string& url : urls) all_.push_back({.url = std::move(url)});
}

size_t Endpoints::Pick(MonotonicTime now) {
  size_t soonest = next_ % all_.size();
  for (size_t i = 0; i < all_.size(); ++i) {
    const size_t place = (next_ + i) % all_.size();
    Endpoint& each = all_[place];
    if (now < each.aside_until) {
      if (each.aside_until < all_[soonest].aside_until) soonest = place;
      continue;
    }
    // One that failed gets this request, and no other before its answer.
    if (each.failures > 0) each.aside_until = now + kAside.min;
    next_ = place + 1;
    return place;
  }
  next_ = soonest + 1;
  return soonest;
}

void Endpoints::OnAnswer(size_t place, int http_status, MonotonicTime now) {
  Endpoint& each = all_[place];
  const bool works = http_status != 0 && http_status < 500;
  if (works) {
    each.failures = 0;
    each.aside_until = MonotonicTime{};
    return;
  }
  ++each.failures;
  each.aside_until = now + BackoffDelay(kAside, each.failures, rng_);
}

size_t Endpoints::working() const {
  return static_cast<size_t>(std::count_if(
      all_.begin(), all_.end(), [](const Endpoint& each) { return each.failures == 0; }));
}

}  // namespace sluice::remotewrite
