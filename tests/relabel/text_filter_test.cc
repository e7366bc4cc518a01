#include "relabel/internal/text_filter.h"

#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "relabel/internal/simple_pattern.h"
#include "relabel/internal/text_hints.h"

namespace sluice::relabel {
namespace {

using Numbers = std::vector<size_t>;

TextFilter FilterOf(const std::vector<std::string>& patterns) {
  TextFilter filter;
  for (size_t i = 0; i < patterns.size(); ++i) filter.Add(i, HintsOf(patterns[i]));
  filter.Build();
  return filter;
}

Numbers Candidates(const TextFilter& filter, std::string_view text, size_t count) {
  NumberSet set(count);
  filter.Test(text, set);
  Numbers numbers;
  for (size_t i = set.Next(0); i < count; i = set.Next(i + 1)) numbers.push_back(i);
  return numbers;
}

TEST_CASE("a text leaves few of many expressions", "[text_filter]") {
  const std::vector<std::string> patterns = {"node_cpu_.*",
                                             "node_(cpu|disk)_[a-z]+",
                                             "go_gc|go_info|node",
                                             "(.+)_bucket",
                                             "[0-9]+",
                                             "node_cpu_seconds_total",
                                             "(?:go|node)_.+",
                                             "node_memory_(Active|Dirty)",
                                             "node_disk.*|.*_sum",
                                             ""};
  const TextFilter filter = FilterOf(patterns);
  const auto candidates = [&](std::string_view text) {
    return Candidates(filter, text, patterns.size());
  };
  CHECK(candidates("node_cpu_seconds_total") == Numbers{0, 1, 4, 5, 6});
  CHECK(candidates("node_disk_sum") == Numbers{1, 4, 6, 8});
  CHECK(candidates("node") == Numbers{2, 4});
  CHECK(candidates("nod") == Numbers{4});
  CHECK(candidates("x_bucket") == Numbers{3, 4});
  CHECK(candidates("node_memory_Active") == Numbers{4, 6, 7});
  CHECK(candidates("") == Numbers{9});
  CHECK(candidates("go_gc_sum") == Numbers{4, 6, 8});
}

TEST_CASE("a pattern is spread over what its first group may be", "[text_filter]") {
  using Texts = std::vector<std::string>;
  CHECK(SpreadFirstGroup("a(b|c)d") == Texts{"a(?:b)d", "a(?:c)d"});
  CHECK(SpreadFirstGroup("[(]\\((?:b|(c|d))(e|f)") ==
        Texts{"[(]\\((?:b)(e|f)", "[(]\\((?:(c|d))(e|f)"});
  CHECK(SpreadFirstGroup("a(b|c)*d") == Texts{"a(b|c)*d"});
  CHECK(SpreadFirstGroup("a(b|c){2}") == Texts{"a(b|c){2}"});
  CHECK(SpreadFirstGroup("ab") == Texts{"ab"});
  // Flags may hold for what follows.
  CHECK(SpreadFirstGroup("a(?i:b|c)d") == Texts{"a(?i:b|c)d"});
  CHECK(SpreadFirstGroup("a(?i)b(c|d)") == Texts{"a(?i)b(c|d)"});
}

TEST_CASE("numbers above 64 are in a set, too", "[text_filter]") {
  NumberSet set(200);
  for (const size_t number : {0U, 63U, 64U, 130U, 199U}) set.Add(number);
  Numbers numbers;
  for (size_t i = set.Next(0); i < 200; i = set.Next(i + 1)) numbers.push_back(i);
  CHECK(numbers == Numbers{0, 63, 64, 130, 199});
  CHECK(NumberSet(0).Next(0) == 0);
  CHECK(NumberSet(7).Next(3) >= 7);
}

TEST_CASE("a pattern is split at its outermost bars only", "[text_filter]") {
  using Parts = std::vector<std::string_view>;
  CHECK(SplitAlternatives("a|b") == Parts{"a", "b"});
  CHECK(SplitAlternatives("(a|(b|c)|[|])") == Parts{"a", "(b|c)", "[|]"});
  CHECK(SplitAlternatives("(?:a|)") == Parts{"a", ""});
  CHECK(SplitAlternatives("(a|b)c|d") == Parts{"(a|b)c", "d"});
  CHECK(SplitAlternatives("a\\|b|\\Q|\\E") == Parts{"a\\|b", "\\Q|\\E"});
  CHECK(SplitAlternatives("") == Parts{""});
  // What stands before a bar may change what comes behind it.
  CHECK(SplitAlternatives("(?i)a|b") == Parts{"(?i)a|b"});
  CHECK(SplitAlternatives("a(?i)|b") == Parts{"a(?i)|b"});
  CHECK(SplitAlternatives("(?i:a|b)") == Parts{"(?i:a|b)"});
}

}  // namespace
}  // namespace sluice::relabel
