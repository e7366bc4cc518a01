// A relabeling rule in one line, for people.
#pragma once

#include <string>

#include "relabel/rule.h"

namespace sluice::agent {

// `drop [job, instance] "a.*"`, `replace [a] -> b`.
std::string DescribeRule(const relabel::Rule& rule);

}  // namespace sluice::agent
