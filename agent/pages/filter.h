// What filters of lists have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/pages/html.h"
#include "relabel/labels.h"

namespace sluice::agent {

// A form field that chooses one of `options`, "" being `any`.
Html ChoiceField(std::string_view name, std::string_view any,
                 const std::vector<std::string>& options, std::string_view chosen);

// Whether `text`, in lower case, is in any of these.
bool HasText(const relabel::Labels& labels, std::string_view url, std::string_view text);

std::string LowerCase(std::string_view text);

}  // namespace sluice::agent
