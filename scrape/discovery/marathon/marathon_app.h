// An application of Marathon, out of its JSON. Pure.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// A target for each port of each task.
Result<TargetGroup> ReadMarathonApp(const JsonView& app);

}  // namespace sluice::scrape
