// Label sets as people type them.
#pragma once

#include <string_view>

#include "base/result.h"
#include "relabel/labels.h"

namespace sluice::agent {

// `{a="b", c="d"}`, `name{a="b"}`, `name`, `{"dotted.name", "dotted.label"="b"}`. Values take the
// escapes \\, \", \n, \t and \xNN. A label must not come twice.
Result<relabel::Labels> ParseLabelSet(std::string_view text);

}  // namespace sluice::agent
