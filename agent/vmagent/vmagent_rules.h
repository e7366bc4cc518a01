// Relabeling rules as vmagent has them, made into Prometheus's.
#pragma once

#include <cstddef>

#include "agent/vmagent/vmagent_values.h"
#include "base/result.h"
#include "base/yaml.h"

namespace sluice::agent {

// What vmagent spells otherwise in a list of rules: lists of expressions, keep_metrics,
// drop_metrics, keep_if_equal and drop_if_equal. All else stays as it is.
void AdaptRules(YamlNode& rules);

// The write_relabel_configs of the URL of a place: the rules for all URLs, those for this one, and
// the labels of -remoteWrite.label.
Result<YamlNode> VmagentWriteRules(const VmagentValues& values, size_t place);

}  // namespace sluice::agent
