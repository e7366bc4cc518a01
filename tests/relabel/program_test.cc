#include "relabel/program.h"

#include <optional>

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

using Sources = std::vector<std::string>;

// In the order in which rules are written down most often.
struct R {
  Action action = Action::kReplace;
  Sources sources = {};
  std::optional<std::string> regex = std::nullopt;
  std::string target = {};
  std::string replacement = "$1";
  std::string separator = ";";
  uint64_t modulus = 0;
};

Rule ToRule(const R& r) {
  return Rule{.action = r.action,
              .source_labels = r.sources,
              .separator = r.separator,
              .regex = r.regex,
              .modulus = r.modulus,
              .target_label = r.target,
              .replacement = r.replacement};
}

// What is left, or "dropped".
std::string Run(const Labels& labels, const std::vector<R>& rules,
                NameScheme scheme = NameScheme::kUtf8) {
  std::vector<Rule> list;
  for (const R& r : rules) list.push_back(ToRule(r));
  const Result<Program> program = Program::Compile(list, scheme);
  if (!program.ok()) return program.error().message;
  LabelsBuilder builder(labels);
  return program->Apply(builder) ? builder.Build().ToString() : "dropped";
}

const Labels kAbc{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};

TEST_CASE("replace writes what the expansion gives", "[relabel]") {
  CHECK(
      Run(kAbc,
          {{.sources = {"a"}, .regex = "f(.*)", .target = "d", .replacement = "ch${1}-ch${1}"}}) ==
      R"({a="foo", b="bar", c="baz", d="choo-choo"})");
  CHECK(Run(kAbc, {{.sources = {"a", "b"},
                    .regex = "f(.*);(.*)r",
                    .target = "a",
                    .replacement = "b${1}${2}m"}}) == R"({a="boobam", b="bar", c="baz"})");
  // Not a match of the whole value: nothing happens.
  CHECK(Run(kAbc, {{.sources = {"a"}, .regex = "o+", .target = "d", .replacement = "x"}}) ==
        kAbc.ToString());
  CHECK(Run(kAbc, {{.sources = {"a"}, .regex = "b", .target = "a", .replacement = ""}}) ==
        kAbc.ToString());
}

TEST_CASE("replace without an expression writes unconditionally", "[relabel]") {
  CHECK(Run({{"a", "1"}}, {{.target = "d", .replacement = "static"}}) == R"({a="1", d="static"})");
  CHECK(Run({{"a", "1"}}, {{.sources = {"missing"}, .target = "d", .replacement = "x"}}) ==
        R"({a="1", d="x"})");
  CHECK(Run({{"a", "1"}}, {{.target = "a", .replacement = ""}}) == "{}");
  CHECK(Run({{"a", "1"}}, {{.sources = {"a"}, .target = "d"}}) == R"({a="1", d="1"})");
}

TEST_CASE("an empty expansion deletes the target", "[relabel]") {
  CHECK(Run(kAbc, {{.sources = {"missing"}, .target = "a"}}) == R"({b="bar", c="baz"})");
  CHECK(Run(kAbc, {{.sources = {"a"}, .regex = "(f).*", .target = "b", .replacement = "$2"}}) ==
        R"({a="foo", c="baz"})");
  CHECK(Run(kAbc, {{.sources = {"a"}, .regex = ".*", .target = "b", .replacement = ""}}) ==
        R"({a="foo", c="baz"})");
}

TEST_CASE("a target label may be expanded", "[relabel]") {
  const Labels labels{{"a", "some-name-value"}};
  CHECK(Run(labels, {{.sources = {"a"},
                      .regex = "some-([^-]+)-([^,]+)",
                      .target = "${1}",
                      .replacement = "${2}"}}) == R"({a="some-name-value", name="value"})");
  CHECK(Run(labels, {{.sources = {"a"},
                      .regex = "some-([^-]+)-([^,]+)",
                      .target = "${3}",
                      .replacement = "${2}"}}) == labels.ToString());
  // What is no name under the scheme of the job is left alone.
  CHECK(Run(labels, {{.sources = {"a"},
                      .regex = "(some-name)-(.*)",
                      .target = "${1}",
                      .replacement = "${2}"}}) == R"({a="some-name-value", "some-name"="value"})");
  CHECK(Run(labels,
            {{.sources = {"a"},
              .regex = "(some-name)-(.*)",
              .target = "${1}",
              .replacement = "${2}"}},
            NameScheme::kLegacy) == labels.ToString());
}

TEST_CASE("named groups work in both spellings", "[relabel]") {
  CHECK(Run({{"a", "k=v"}}, {{.sources = {"a"},
                              .regex = "(?<key>.+)=(?P<value>.+)",
                              .target = "${key}",
                              .replacement = "<${value}>"}}) == R"({a="k=v", k="<v>"})");
}

TEST_CASE("a dot matches a newline and expressions are anchored", "[relabel]") {
  CHECK(Run({{"a", "x\ny"}}, {{.action = Action::kKeep, .sources = {"a"}, .regex = "x.y"}}) ==
        R"({a="x\ny"})");
  CHECK(Run({{"a", "x\ny"}}, {{.action = Action::kKeep, .sources = {"a"}, .regex = "[x].*"}}) ==
        R"({a="x\ny"})");
  CHECK(Run({{"a", "xy"}}, {{.action = Action::kKeep, .sources = {"a"}, .regex = "[x]"}}) ==
        "dropped");
  CHECK(Run({{"a", "xy\n"}}, {{.action = Action::kKeep, .sources = {"a"}, .regex = "[x]y"}}) ==
        "dropped");
}

TEST_CASE("keep and drop look at the joined values", "[relabel]") {
  CHECK(Run(kAbc, {{.action = Action::kDrop, .sources = {"a"}, .regex = ".*o.*"}}) == "dropped");
  CHECK(Run(kAbc, {{.action = Action::kDrop, .sources = {"a"}, .regex = "f"}}) == kAbc.ToString());
  CHECK(Run(kAbc, {{.action = Action::kDrop, .sources = {"a"}, .regex = "f|o"}}) ==
        kAbc.ToString());
  CHECK(Run(kAbc, {{.action = Action::kKeep, .sources = {"a"}, .regex = "f|foo|x"}}) ==
        kAbc.ToString());
  CHECK(Run(kAbc, {{.action = Action::kKeep, .sources = {"a"}, .regex = "no-match"}}) == "dropped");
  CHECK(Run(kAbc, {{.action = Action::kKeep,
                    .sources = {"a", "b"},
                    .regex = "foo-bar",
                    .separator = "-"}}) == kAbc.ToString());
  // Two sources give one separator, present or not.
  CHECK(Run({}, {{.action = Action::kKeep, .sources = {"x", "y"}, .regex = ";"}}) == "{}");
  CHECK(Run({}, {{.action = Action::kKeep, .sources = {"x"}, .regex = ""}}) == "{}");
  // A long list is looked up in a set.
  CHECK(Run(kAbc, {{.action = Action::kKeep, .sources = {"a"}, .regex = "1|2|3|4|5|foo"}}) ==
        kAbc.ToString());
  CHECK(Run(kAbc, {{.action = Action::kKeep, .sources = {"a"}, .regex = "1|2|3|4|5|6"}}) ==
        "dropped");
}

TEST_CASE("keepequal and dropequal compare with the target", "[relabel]") {
  const Labels labels{{"a", "main"}, {"b", "main"}, {"c", "other"}};
  CHECK(Run(labels, {{.action = Action::kKeepEqual, .sources = {"a"}, .target = "b"}}) ==
        labels.ToString());
  CHECK(Run(labels, {{.action = Action::kKeepEqual, .sources = {"a"}, .target = "c"}}) ==
        "dropped");
  CHECK(Run(labels, {{.action = Action::kDropEqual, .sources = {"a"}, .target = "b"}}) ==
        "dropped");
  CHECK(Run(labels, {{.action = Action::kDropEqual, .sources = {"a"}, .target = "c"}}) ==
        labels.ToString());
  CHECK(Run(labels, {{.action = Action::kKeepEqual, .sources = {"x"}, .target = "y"}}) ==
        labels.ToString());
}

TEST_CASE("hashmod takes the last eight bytes of the MD5 sum", "[relabel]") {
  CHECK(
      Run(kAbc, {{.action = Action::kHashMod, .sources = {"c"}, .target = "d", .modulus = 1000}}) ==
      R"({a="foo", b="bar", c="baz", d="976"})");
  CHECK(Run({{"a", "foo\nbar"}},
            {{.action = Action::kHashMod, .sources = {"a"}, .target = "b", .modulus = 1000}}) ==
        R"({a="foo\nbar", b="734"})");
}

TEST_CASE("labelmap copies labels to mapped names", "[relabel]") {
  CHECK(Run({{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
            {{.action = Action::kLabelMap, .regex = "(b.*)", .replacement = "bar_${1}"}}) ==
        R"({a="foo", b1="bar", b2="baz", bar_b1="bar", bar_b2="baz"})");
  CHECK(
      Run({{"a", "foo"},
           {"__meta_my_bar", "aaa"},
           {"__meta_my_baz", "bbb"},
           {"__meta_other", "ccc"}},
          {{.action = Action::kLabelMap, .regex = "__meta_(my.*)"}}) ==
      R"({__meta_my_bar="aaa", __meta_my_baz="bbb", __meta_other="ccc", a="foo", my_bar="aaa", my_baz="bbb"})");
}

TEST_CASE("of labels mapped to one name the one that was set last wins", "[relabel]") {
  const R map{.action = Action::kLabelMap, .regex = "x_.", .replacement = "y"};
  CHECK(Run({{"x_a", "1"}, {"x_b", "2"}}, {map}) == R"({x_a="1", x_b="2", y="2"})");
  // x_a came later than x_b, though its name comes first.
  CHECK(Run({{"x_b", "2"}}, {{.target = "x_a", .replacement = "1"}, map}) ==
        R"({x_a="1", x_b="2", y="1"})");
}

TEST_CASE("labeldrop and labelkeep look at names", "[relabel]") {
  const Labels labels{{"__name__", "m"}, {"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}};
  CHECK(Run(labels, {{.action = Action::kLabelDrop, .regex = "(b.*)"}}) ==
        R"({__name__="m", a="foo"})");
  CHECK(Run(labels, {{.action = Action::kLabelKeep, .regex = "b[12]"}}) ==
        R"({b1="bar", b2="baz"})");
  CHECK(Run(labels, {{.action = Action::kLabelDrop, .regex = ".*"}}) == "{}");
}

TEST_CASE("lowercase and uppercase write the joined value", "[relabel]") {
  CHECK(Run({{"foo", "bAr123Foo"}},
            {{.action = Action::kLowercase, .sources = {"foo"}, .target = "low"},
             {.action = Action::kUppercase, .sources = {"foo"}, .target = "up"}}) ==
        R"({foo="bAr123Foo", low="bar123foo", up="BAR123FOO"})");
  CHECK(Run({{"x", "1"}},
            {{.action = Action::kUppercase, .sources = {"missing"}, .target = "x"}}) == "{}");
}

TEST_CASE("rules see what earlier rules did and end at the first drop", "[relabel]") {
  CHECK(Run(kAbc, {{.sources = {"a"}, .regex = "f(.*)", .target = "d", .replacement = "ch$1"},
                   {.sources = {"d"}, .regex = "(.*)oo", .target = "e"},
                   {.action = Action::kDrop, .sources = {"e"}, .regex = "ch"}}) == "dropped");
}

TEST_CASE("an invalid byte is a character to an expression", "[relabel]") {
  const Labels labels{{"a", "x\xffy"}};
  CHECK(Run(labels, {{.action = Action::kKeep, .sources = {"a"}, .regex = "x[^a]y"}}) ==
        labels.ToString());
  CHECK(Run(labels,
            {{.sources = {"a"}, .regex = "(x.)([xy])", .target = "b", .replacement = "$2$1"}}) ==
        R"({a="x\xffy", b="yx\xff"})");
  CHECK(Run(labels, {{.action = Action::kKeep, .sources = {"a"}, .regex = "x..y"}}) == "dropped");
}

TEST_CASE("a program that does not compile names its rule", "[relabel]") {
  CHECK_THAT(Run({}, {{.target = "x"}, {.action = Action::kKeep, .regex = "("}}),
             Catch::StartsWith("rule 1: error parsing regexp: missing )"));
  CHECK(Run({}, {{.action = Action::kHashMod, .target = "x"}}) ==
        "rule 0: relabel configuration for hashmod requires non-zero modulus");
}

TEST_CASE("a program without rules keeps everything", "[relabel]") {
  CHECK(Program().empty());
  CHECK(Program().rules().empty());
  CHECK(Run(kAbc, {}) == kAbc.ToString());
  CHECK(Program::Compile({})->empty());
}

TEST_CASE("a trace tells what each rule did", "[relabel]") {
  const std::vector<Rule> rules = {
      ToRule({.target = "d", .replacement = "x"}),
      ToRule({.action = Action::kDrop, .sources = {"d"}, .regex = "x"}),
      ToRule({.target = "e", .replacement = "never"})};
  const Result<Program> program = Program::Compile(rules);
  REQUIRE(program.ok());
  LabelsBuilder builder(Labels{{"a", "1"}});
  std::vector<TraceStep> steps;
  CHECK_FALSE(program->ApplyTraced(builder, [&](const TraceStep& step) { steps.push_back(step); }));
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].rule == &program->rules()[0]);
  CHECK(steps[0].before == Labels{{"a", "1"}});
  CHECK(steps[0].after == Labels{{"a", "1"}, {"d", "x"}});
  CHECK(steps[0].kept);
  CHECK(steps[1].rule_index == 1);
  CHECK_FALSE(steps[1].kept);
}

}  // namespace
}  // namespace sluice::relabel
