// From arguments to the values of flags, as both kingpin (Prometheus) and Go's flag package
// (vmagent) write them: one dash or two, `=` or the next argument.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/flags/flag_spec.h"
#include "base/result.h"

namespace sluice::agent {

// All the flags that there are; names are unique. Must outlive what is made of it.
using FlagSpecs = std::vector<const FlagSpec*>;

// Errors are ready to be printed; that of an unknown flag names the nearest known one.
Result<FlagValues> ReadFlags(const FlagSpecs& specs, std::span<const std::string> arguments);

// "true", "1", "t" ... as Go's strconv.ParseBool; nothing for other texts.
std::optional<bool> ReadSwitch(std::string_view text);

// How many characters must be inserted, removed, replaced or swapped with their neighbour.
size_t EditDistance(std::string_view a, std::string_view b);

// The usage of those that have a help text, in the order of the table.
std::string DescribeFlags(const FlagSpecs& specs);

}  // namespace sluice::agent
