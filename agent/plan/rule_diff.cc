#include "agent/plan/rule_diff.h"

#include <algorithm>

namespace sluice::agent {
namespace {

constexpr size_t kRulesMax = 1'000;

// lengths[i][j]: of the longest common subsequence of before[i..] and after[j..].
using Lengths = std::vector<std::vector<uint32_t>>;

Lengths CommonLengths(const std::vector<std::string>& before,
                      const std::vector<std::string>& after) {
  Lengths lengths(before.size() + 1, std::vector<uint32_t>(after.size() + 1));
  for (size_t i = before.size(); i-- > 0;) {
    for (size_t j = after.size(); j-- > 0;) {
      lengths[i][j] = before[i] == after[j] ? lengths[i + 1][j + 1] + 1
                                            : std::max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

}  // namespace

std::vector<RuleLine> DiffRules(const std::vector<std::string>& before,
                                const std::vector<std::string>& after) {
  std::vector<RuleLine> lines;
  const bool too_long = before.size() > kRulesMax || after.size() > kRulesMax;
  const Lengths lengths = too_long ? Lengths() : CommonLengths(before, after);
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() || j < after.size()) {
    const bool both = i < before.size() && j < after.size();
    if (both && !too_long && before[i] == after[j]) {
      lines.push_back({' ', j, after[j]});
      ++i;
      ++j;
    } else if (i < before.size() && (!both || too_long || lengths[i + 1][j] >= lengths[i][j + 1])) {
      lines.push_back({'-', i, before[i]});
      ++i;
    } else {
      lines.push_back({'+', j, after[j]});
      ++j;
    }
  }
  return lines;
}

}  // namespace sluice::agent
