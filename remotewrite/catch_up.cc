#include "remotewrite/catch_up.h"

namespace sluice::remotewrite {

void CatchUp::Add(const buffer::Ledger& ledger, MonotonicTime now) {
  // The last one is always the newest; those before it keep their distance.
  if (readings_.size() > 1 && now - readings_[readings_.size() - 2].at < kStep) {
    readings_.pop_back();
  }
  readings_.push_back({now, ledger.pending});
  while (now - readings_.front().at > kWindow) readings_.pop_front();
}

std::optional<std::chrono::seconds> CatchUp::Estimate() const {
  if (readings_.empty()) return std::nullopt;
  const Reading& first = readings_.front();
  const Reading& last = readings_.back();
  if (last.pending == 0) return std::chrono::seconds(0);
  if (last.pending >= first.pending || last.at == first.at) return std::nullopt;
  const std::chrono::duration<double> span = last.at - first.at;
  const auto shrunk = static_cast<double>(first.pending - last.pending);
  return std::chrono::ceil<std::chrono::seconds>(span *
                                                 (static_cast<double>(last.pending) / shrunk));
}

}  // namespace sluice::remotewrite
