#include "scrape/discovery/grace/write_schedule.h"

#include <algorithm>

namespace sluice::scrape {

using std::chrono::milliseconds;

std::vector<std::string> WriteSchedule::Keep(const std::map<std::string, milliseconds>& graces) {
  std::vector<std::string> gone;
  for (const auto& [key, entry] : entries_) {
    if (!graces.contains(key)) gone.push_back(key);
  }
  for (const std::string& key : gone) entries_.erase(key);
  for (const auto& [key, grace] : graces) entries_[key].grace = grace;
  return gone;
}

void WriteSchedule::NoteChange(const std::string& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.changed = true;
}

std::optional<std::string> WriteSchedule::Take(MonotonicTime now) {
  for (auto& [key, entry] : entries_) {
    const bool refresh = entry.written && entry.refresh_at <= now;
    if ((!entry.changed && !refresh) || now < entry.earliest) continue;
    entry.changed = false;
    return key;
  }
  return std::nullopt;
}

std::vector<std::string> WriteSchedule::TakeAll() {
  std::vector<std::string> keys;
  for (auto& [key, entry] : entries_) {
    if (entry.changed) keys.push_back(key);
    entry.changed = false;
  }
  return keys;
}

void WriteSchedule::NoteWritten(const std::string& key, MonotonicTime now, size_t bytes, bool ok) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  entry.earliest = now + std::max(kBetweenWrites, milliseconds(bytes * 1000 / kBytesPerSecond));
  if (ok) {
    entry.written = true;
    entry.refresh_at = now + entry.grace / kRefreshesInGrace;
  } else {
    entry.changed = true;
  }
}

}  // namespace sluice::scrape
