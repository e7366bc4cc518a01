// The fields of Prometheus's configuration that Sluice knows but does not act on, as tables.
//
// A field leaves its table when it is implemented. Until then values that change nothing are
// accepted, and any other is refused: a configuration must never do less than it says in silence.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/config/decoder.h"

namespace sluice::agent {

enum class Harmless {
  kWarned,  // the field makes no difference to an agent: one warning
  kFalse,   // the default, false
  kZero,    // 0, "0s" and the like
  kEmpty,   // nothing, "", false, 0, an empty list, or a map of such
  kTexts,   // one of `texts`
};

struct PendingField {
  std::string_view name;
  Harmless harmless = Harmless::kEmpty;
  std::string_view texts = {};  // separated by `|`
};

std::span<const PendingField> PendingTopLevelFields();
std::span<const PendingField> PendingGlobalFields();
std::span<const PendingField> PendingScrapeFields();
std::span<const PendingField> PendingRemoteWriteFields();
std::span<const PendingField> PendingQueueFields();

std::vector<std::string_view> NamesOf(std::span<const PendingField> table);

// Fails with `field X is not supported yet`, or warns.
void CheckPendingFields(const Fields& fields, std::span<const PendingField> table);

}  // namespace sluice::agent
