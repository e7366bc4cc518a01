// --enable-feature: the names that Prometheus knows, and what each does here.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::agent {

struct Features {
  bool extra_scrape_metrics = false;  // the default of the field in the global section
  bool agent = false;                 // as --agent, before that flag was there
  bool auto_reload_config = false;    // as --config.auto-reload
  // One line for each name that does nothing, with the reason.
  std::vector<std::string> warnings;
};

// Each of `values` is a list of names, separated by commas. Names that nobody knows are no error,
// as in Prometheus; two that exclude each other are.
Result<Features> ParseFeatures(const std::vector<std::string>& values);

}  // namespace sluice::agent
