// The fields of Prometheus's configuration that make no difference to an agent, as tables.
//
// Whatever they hold is checked as Prometheus would, and is worth a warning.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "agent/config/decoder.h"
#include "agent/config/spec.h"

namespace sluice::agent {

std::span<const FieldSpec> IgnoredTopLevelFields();
std::span<const FieldSpec> IgnoredGlobalFields();

// Fails in Prometheus's words, or warns of each that is there.
void CheckIgnoredFields(const Fields& fields, std::span<const FieldSpec> table);

}  // namespace sluice::agent
