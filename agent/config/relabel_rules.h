// relabel_configs, metric_relabel_configs and write_relabel_configs.
#pragma once

#include <string_view>
#include <vector>

#include "agent/config/decoder.h"
#include "relabel/program.h"
#include "relabel/rule.h"

namespace sluice::agent {

// `null_message` is what an empty entry is refused with, `scheme` says which names the rules may
// produce. Each rule is checked as a program would.
std::vector<relabel::Rule> DecodeRules(const Value& list, std::string_view null_message,
                                       relabel::NameScheme scheme = relabel::NameScheme::kUtf8);

// The same, compiled.
relabel::Program DecodeProgram(const Value& list, std::string_view null_message,
                               relabel::NameScheme scheme);

}  // namespace sluice::agent
