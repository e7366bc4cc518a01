#include "scrape/converting_walk.h"

namespace sluice::scrape {

Status ConvertingWalk::Place(std::string_view key, Entry& entry) {
  if (Status status = PlaceConverted(collector_.Before(entry)); !status.ok()) return status;
  if (!collector_.Take(entry)) return walk_.Place(key, entry);
  if (!always_classic_) return Status::Ok();
  entry.exemplars.clear();
  return walk_.Place(key, entry);
}

Status ConvertingWalk::EndHistogram() { return PlaceConverted(collector_.Finish()); }

Status ConvertingWalk::PlaceConverted(const Entry* converted) {
  walk_.CountMalformedHistograms(collector_.malformed_histograms() - malformed_);
  malformed_ = collector_.malformed_histograms();
  return converted == nullptr ? Status::Ok() : walk_.Place(collector_.key(), *converted);
}

}  // namespace sluice::scrape
