// Why a series is missing: a question and its answer.
#pragma once

#include <optional>
#include <string>

#include "agent/explain/explanation.h"
#include "agent/pages/html.h"

namespace sluice::agent {

struct ExplainView {
  std::string match{};  // as it was typed
  std::string error{};  // why that is no selector
  std::optional<Explanation> explanation{};
};

Html ExplainPage(const ExplainView& view);

}  // namespace sluice::agent
