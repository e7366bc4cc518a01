// The file that keeps what a discovery told last: see FORMAT.md. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// Names a discovery: equal entries have equal keys, and no key tells a secret.
std::string GraceKey(std::string_view identity, std::string_view public_identity);

struct SavedTargets {
  std::string key;
  TimestampMs current_at = 0;  // when the discovery still stood for them
  std::vector<TargetGroupPtr> groups;
};

// What is larger is neither written nor read.
inline constexpr size_t kSavedTargetsBytesMax = 16 << 20;

// kResourceExhausted when it is too large.
Result<std::string> EncodeSavedTargets(const SavedTargets& saved);

// kCorruption when the bytes are damaged, kInvalidInput when they are of a newer version.
Result<SavedTargets> DecodeSavedTargets(std::string_view bytes);

}  // namespace sluice::scrape
