// A plan as people read it.
#pragma once

#include <iosfwd>

#include "agent/plan/plan.h"

namespace sluice::agent {

// Of each list of targets, more are only counted.
inline constexpr size_t kPlannedShownMax = 50;

// Only what changes; `nothing changes` when nothing does.
void PrintPlan(const Plan& plan, std::ostream& out);

}  // namespace sluice::agent
