// The fields of Prometheus's configuration that Sluice knows but does not act on, as tables.
//
// Whatever they hold is checked as Prometheus would. A field leaves its table when it is
// implemented. Until then values that change nothing are accepted, and any other is refused: a
// configuration must never do less than it says in silence.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/config/decoder.h"
#include "agent/config/spec.h"

namespace sluice::agent {

enum class Harmless {
  kEmpty,   // nothing, "", false, 0, "0s", an empty list, or a map of such
  kWarned,  // the field makes no difference to an agent: one warning
  kTexts,   // one of `texts`
};

struct PendingField {
  FieldSpec spec;
  Harmless harmless = Harmless::kEmpty;
  std::string_view texts = {};  // separated by `|`
};

std::span<const PendingField> PendingTopLevelFields();
std::span<const PendingField> PendingGlobalFields();

std::vector<std::string_view> NamesOf(std::span<const PendingField> table);

// Fails in Prometheus's words, or with `field X is not supported yet`, or warns.
void CheckPendingFields(const Fields& fields, std::span<const PendingField> table);

// Whether there is more than nothing, "", false, 0, an empty list, or a map of such.
bool HasContent(const Value& value);

// `field X is not supported yet`, unless there is nothing in it.
void FailUnlessEmpty(const Value& value, std::string_view name);

}  // namespace sluice::agent
