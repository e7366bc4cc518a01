// Lists of rules before and after.
#pragma once

#include <string>
#include <vector>

#include "agent/plan/plan.h"

namespace sluice::agent {

// The lines of both lists in an order in which what is in both stands once; as few as possible are
// taken away and added. Lists of more than a thousand rules are told as replaced. Pure.
std::vector<RuleLine> DiffRules(const std::vector<std::string>& before,
                                const std::vector<std::string>& after);

}  // namespace sluice::agent
