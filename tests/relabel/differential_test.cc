#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "relabel/program.h"
#include "tests/relabel/naive_relabel.h"

namespace sluice::relabel {
namespace {

using Texts = std::vector<std::string>;

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  bool OneIn(size_t count) { return Below(count) == 0; }

  const std::string& Pick(const Texts& texts) { return texts[Below(texts.size())]; }

  std::string Name() { return Pick({"a", "b", "c", "ab", "a_b", "b_a", "zz", "__name__"}); }

  std::string Value() {
    std::string value;
    for (size_t n = Below(4); n > 0; --n) value += Pick({"a", "b", "ab", ".", "_", "1", "\n", "A"});
    return value;
  }

  Labels Set() {
    std::vector<Label> labels;
    for (size_t n = Below(6); n > 0; --n) labels.push_back({Name(), Value()});
    return Labels::From(labels);
  }

  // Half of them of the kinds that need no engine.
  std::string Pattern() {
    const Texts simple = {"a|b|ab",
                          "(a|b)",
                          "(?:a|b|)",
                          "",
                          "a",
                          "a\\.b",
                          ".*",
                          "(.*)",
                          ".+",
                          "(.+)",
                          "a.*",
                          "a(.*)",
                          "(.*)b",
                          "a(.+)b",
                          "(a.*)",
                          "((.*))",
                          "a|b|c|ab|zz|a_b|_",
                          "(a|b|c|ab|zz|a_b|__name__)",
                          "__(.*)__",
                          "(a(.+))",
                          ".+b"};
    if (OneIn(2)) return Pick(simple);
    std::string pattern;
    for (size_t n = 1 + Below(3); n > 0; --n) {
      pattern += Pick({"a", "b", ".", "\\.", "[ab_]", "[^a]", "(a|b)", "(a*)", "(.?)", "b+", "\\d?",
                       "(?:a|_)", "(.*)", ".*", "(ab|a)"});
    }
    if (OneIn(4)) pattern += "|" + Pick({"a", "(b)", "", "zz"});
    return pattern;
  }

  std::string Text() {
    return Pick({"$1", "$2", "${1}", "x", "", "$1x", "${1}x", "$1_$2", "$$1", "$", "a$", "${", "$0",
                 "${2}-${1}", "$9"});
  }

  Rule AnyRule() {
    constexpr std::array<Action, 12> kActions = {
        Action::kReplace,   Action::kReplace,   Action::kKeep,      Action::kDrop,
        Action::kKeepEqual, Action::kDropEqual, Action::kLabelMap,  Action::kLabelMap,
        Action::kLabelDrop, Action::kLabelKeep, Action::kLowercase, Action::kUppercase};
    Rule rule;
    rule.action = kActions.at(Below(kActions.size()));
    const bool names_only = rule.action == Action::kLabelDrop || rule.action == Action::kLabelKeep;
    const bool compares = rule.action == Action::kKeepEqual || rule.action == Action::kDropEqual;
    const bool sets_case = rule.action == Action::kLowercase || rule.action == Action::kUppercase;
    if (!compares && !OneIn(4)) rule.regex = Pattern();
    if (names_only) return rule;
    for (size_t n = Below(4); n > 0; --n) rule.source_labels.push_back(Name());
    rule.target_label = Name();
    if (compares || sets_case) return rule;
    if (OneIn(3)) rule.separator = Pick({"", ",", "ab"});
    if (OneIn(2)) rule.replacement = Text();
    if (rule.action == Action::kReplace && OneIn(4)) rule.target_label = Text();
    return rule;
  }

 private:
  std::mt19937 random_;
};

std::string Describe(const std::vector<Rule>& rules) {
  std::string out;
  for (const Rule& rule : rules) {
    out += std::string(ActionName(rule.action)) + " sources=";
    for (const std::string& source : rule.source_labels) out += source + " ";
    out += "sep=<" + rule.separator + "> regex=<" + rule.regex.value_or("absent") + "> target=<" +
           rule.target_label + "> replacement=<" + rule.replacement + ">\n";
  }
  return out;
}

std::vector<Rule> FewRules(Generator& random) {
  std::vector<Rule> rules;
  for (size_t n = 1 + random.Below(4); n > 0; --n) {
    const Rule rule = random.AnyRule();
    if (Validate(rule, NameScheme::kUtf8).ok()) rules.push_back(rule);
  }
  return rules;
}

// Of which most keep the labels, as something would drop them before the last one otherwise.
std::vector<Rule> ManyRules(Generator& random) {
  std::vector<Rule> rules;
  for (size_t n = 8 + random.Below(40); n > 0; --n) {
    const Rule rule = random.AnyRule();
    const bool drops = rule.action == Action::kKeep || rule.action == Action::kDrop ||
                       rule.action == Action::kKeepEqual || rule.action == Action::kDropEqual ||
                       rule.action == Action::kLabelKeep;
    if (drops && !random.OneIn(20)) continue;
    if (Validate(rule, NameScheme::kUtf8).ok()) rules.push_back(rule);
  }
  return rules;
}

void CompareOnce(const std::vector<Rule>& rules, Generator& random, Program::Memory& memory) {
  const Result<Program> program = Program::Compile(rules);
  REQUIRE(program.ok());
  for (int round = 0; round < 4; ++round) {
    const Labels labels = random.Set();
    const std::optional<Labels> want = test::NaiveRelabel(rules, labels);
    LabelsBuilder builder(labels);
    const bool kept = program->Apply(builder);
    LabelsBuilder traced_builder(labels);
    const bool traced = program->ApplyTraced(traced_builder, [](const TraceStep&) {});
    bool same = kept == want.has_value() && traced == kept &&
                (!kept || (builder.Build() == *want && traced_builder.Build() == *want));
    LabelsBuilder remembering(labels);
    same = same && program->Apply(remembering, memory) == kept &&
           (!kept || remembering.Build() == *want);
    if (same) continue;
    INFO(Describe(rules) << labels.ToString() << "\ngot  "
                         << (kept ? builder.Build().ToString() : "dropped") << "\nwant "
                         << (want.has_value() ? want->ToString() : "dropped"));
    FAIL("the program and the plain interpreter differ");
  }
}

TEST_CASE("random rules do what a plain interpreter with another engine does", "[relabel]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  Generator random(seed);
  Program::Memory memory;
  for (int i = 0; i < 3000; ++i) CompareOnce(FewRules(random), random, memory);
}

TEST_CASE("many random rules do what a plain interpreter with another engine does", "[relabel]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  Generator random(seed);
  Program::Memory memory;
  for (int i = 0; i < 300; ++i) CompareOnce(ManyRules(random), random, memory);
}

// What the other engine does not know: bytes that are no text, and what Go has of its own.
TEST_CASE("many rules do together what they do one by one", "[relabel]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  Generator random(seed);
  const Texts pieces = {"a", "b", "|", "\xff", "\xef\xbf\xbd", "\xc3\xa9", "(", ")", "A", ";"};
  const Texts patterns = {
      "(?i)a|b",    "(?i:a)b*",        "\\Qa|b\\E.*|A",   "[a|b]+|\xc3\xa9.*", "a.|\xef\xbf\xbd",
      "(?P<x>a|b)", "(a|b)|(A|\\(.*)", "((?i)a)|b.*",     "\\x{fffd}a?",       ".\xc3\xa9",
      "a|(?s).b",   "(?-s)a.b|A",      "\xef.*|a",        "[^a]|a(b|;).*",     "(?:a|b)(?:A|;)*",
      ".*a|.+\xff", "a\\|b",           "(?<n>b.*)|a\\|.+"};
  const auto text = [&](size_t most) {
    std::string out;
    for (size_t n = random.Below(most); n > 0; --n) out += random.Pick(pieces);
    return out;
  };
  Program::Memory memory;
  for (int i = 0; i < 1000; ++i) {
    std::vector<Rule> rules = ManyRules(random);
    for (Rule& rule : rules) {
      if (rule.regex.has_value() && random.OneIn(2)) rule.regex = random.Pick(patterns);
    }
    const Result<Program> program = Program::Compile(rules);
    if (!program.ok()) continue;  // not every expression is valid
    for (int round = 0; round < 10; ++round) {
      std::vector<Label> base;
      for (size_t n = random.Below(6); n > 0; --n) base.push_back({random.Name(), text(5)});
      const Labels labels = Labels::From(base);
      LabelsBuilder together(labels);
      LabelsBuilder one_by_one(labels);
      const bool kept = program->Apply(together, memory);
      REQUIRE(kept == program->ApplyTraced(one_by_one, [](const TraceStep&) {}));
      INFO(Describe(rules) << labels.ToString());
      if (kept) REQUIRE(together.Build() == one_by_one.Build());
    }
  }
}

}  // namespace
}  // namespace sluice::relabel
