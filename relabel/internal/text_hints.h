// What can be told of the texts that an expression matches, without matching.
#pragma once

#include <string_view>
#include <vector>

#include "relabel/internal/text_filter.h"

namespace sluice::relabel {

// Of a valid expression that must match a whole text and whose `.` matches every character. None
// when nothing is known.
std::vector<TextHint> HintsOf(std::string_view pattern);

}  // namespace sluice::relabel
