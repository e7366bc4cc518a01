// What an agent that runs says of itself over its API.
#pragma once

#include <functional>
#include <string>

#include "agent/plan/plan.h"
#include "base/result.h"

namespace sluice::agent {

// `url` as a browser has it, "http://127.0.0.1:9090/prefix"; `fetch` gives the body of an answer.
Result<PlanSide> AskRunningAgent(
    const std::string& url,
    const std::function<Result<std::string>(const std::string& url)>& fetch);

}  // namespace sluice::agent
