// The flags of vmagent, and what becomes of each.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/flags/flag_reader.h"
#include "agent/flags/flag_spec.h"
#include "base/result.h"

namespace sluice::agent {

struct VmagentFlag {
  enum class Effect {
    kUsed,    // it does here what it does there
    kSilent,  // it has nothing to act on here, and no sample depends on it
    kWarned,  // what it changes is not changed, which is said
    // To leave it out would lose what it is for: refused, unless it says what holds anyhow.
    kPush,
    kAggregation,
    kOther,
  };

  FlagSpec spec;
  Effect effect = Effect::kUsed;
};

// Each name once.
std::vector<const VmagentFlag*> VmagentFlags();

FlagSpecs VmagentFlagSpecs();

// The error for the first flag that is given and refused. A line in `warnings` for each whose
// effect is missed.
Status CheckVmagentFlags(const FlagValues& values, std::vector<std::string>& warnings);

}  // namespace sluice::agent
