// GET /api/v1/explain: the data of an explanation. Pure.
#pragma once

#include <string>

#include "agent/explain/explanation.h"

namespace sluice::agent {

std::string ExplanationJson(const Explanation& explanation);

}  // namespace sluice::agent
