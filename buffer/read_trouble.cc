#include "buffer/read_trouble.h"

#include <algorithm>

namespace sluice::buffer {

bool ReadTrouble::IsLost(Sequence sequence, MonotonicTime now) {
  const auto [found, is_new] = places_.try_emplace(sequence, Place{now, now});
  Place& place = found->second;
  if (now - place.last_at > kForgetAfter) place.first_at = now;
  place.last_at = now;
  const bool lost = now - place.first_at >= kPatience;
  if (is_new && places_.size() > kPlacesMax) {
    places_.erase(std::min_element(
        places_.begin(), places_.end(),
        [](const auto& a, const auto& b) { return a.second.last_at < b.second.last_at; }));
  }
  return lost;
}

}  // namespace sluice::buffer
