// What the HTTP API says of a job's settings, as the data of its answers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "relabel/labels.h"
#include "relabel/program.h"

namespace sluice::agent {

// The entry of a job in a configuration as /api/v1/status/config shows it, as YAML; kNotFound when
// there is none of that name.
Result<std::string> ScrapePoolYaml(const std::string& shown_config, std::string_view job);

// {"yaml":...} of that.
std::string ScrapePoolConfigJson(const std::string& yaml);

// A JSON object of labels, as /api/v1/targets/relabel_steps takes it.
Result<relabel::Labels> ReadLabelsJson(std::string_view json);

// /api/v1/targets/relabel_steps: what each rule makes of the labels. Those after a rule that drops
// keep nothing.
std::string RelabelStepsJson(const relabel::Program& rules, const relabel::Labels& labels);

}  // namespace sluice::agent
