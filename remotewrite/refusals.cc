#include "remotewrite/refusals.h"

#include <algorithm>

namespace sluice::remotewrite {

void RefusalGuard::OnJobEnd(JobEnd end) {
  if (end == JobEnd::kAllRefused) {
    splits_allowed_ = std::max<uint32_t>(1, splits_allowed_ / 4);
  } else {
    splits_allowed_ = std::min(kSplitsMax, splits_allowed_ * 2);
  }
}

std::span<const uint32_t> Suspects::Of(const ContentPair& layout) const {
  const auto found = series_.find(layout);
  if (found == series_.end()) return {};
  return found->second;
}

void Suspects::Add(const ContentPair& layout, uint32_t series) {
  if (series_.size() >= kLayoutsMax && series_.count(layout) == 0) series_.clear();
  std::vector<uint32_t>& list = series_[layout];
  const auto at = std::lower_bound(list.begin(), list.end(), series);
  if (at == list.end() || *at != series) list.insert(at, series);
}

void Suspects::Remove(const ContentPair& layout, std::span<const uint32_t> series) {
  const auto found = series_.find(layout);
  if (found == series_.end()) return;
  std::erase_if(found->second, [&](uint32_t each) {
    return std::binary_search(series.begin(), series.end(), each);
  });
  if (found->second.empty()) series_.erase(found);
}

}  // namespace sluice::remotewrite
