// Targets of a job before and after.
#pragma once

#include "agent/plan/plan.h"

namespace sluice::agent {

// Equal ones are kept; of the others, those of the same URL, then those of the same labels, are
// changed ones. Pure.
TargetDiff DiffTargets(const JobTargets& before, const JobTargets& after);

}  // namespace sluice::agent
