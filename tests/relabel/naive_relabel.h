// Relabeling in the plainest way, with another regular expression engine: the oracle of Program.
#pragma once

#include <optional>
#include <vector>

#include "relabel/labels.h"
#include "relabel/rule.h"

namespace sluice::relabel::test {

// Nothing when the labels are dropped. Expressions may use only what means the same in ECMAScript,
// and must stay within ASCII.
std::optional<Labels> NaiveRelabel(const std::vector<Rule>& rules, const Labels& labels);

}  // namespace sluice::relabel::test
