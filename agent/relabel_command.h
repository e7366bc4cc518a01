// `sluice relabel --rules FILE [--trace] [LABELS...]`: shows what rules do to label sets.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace sluice::agent {

struct RelabelCommand {
  std::string rules_text;  // a list of rules, as under relabel_configs
  std::string rules_name;  // what errors call it
  // Label sets as ParseLabelSet reads them; none: one on each line of the input.
  std::vector<std::string> label_sets;
  bool trace = false;  // show the effect of each rule
};

// Writes for each label set what is left of it, or `dropped`. The exit status: 0, or 1 when the
// rules or a label set could not be read; the other label sets are done all the same.
int RunRelabelCommand(const RelabelCommand& command, std::istream& in, std::ostream& out,
                      std::ostream& err);

}  // namespace sluice::agent
