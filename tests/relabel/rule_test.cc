#include "relabel/rule.h"

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

std::string Refusal(const Rule& rule, NameScheme scheme = NameScheme::kUtf8) {
  const Status status = Validate(rule, scheme);
  return status.ok() ? "" : status.error().message;
}

Rule Of(Action action, const std::string& target = "") {
  Rule rule;
  rule.action = action;
  rule.target_label = target;
  return rule;
}

TEST_CASE("actions are read in any case", "[relabel]") {
  CHECK(*ParseAction("replace") == Action::kReplace);
  CHECK(*ParseAction("LabelMap") == Action::kLabelMap);
  CHECK(ParseAction("").error().message == "unknown relabel action \"\"");
  CHECK(ParseAction("remove").error().message == "unknown relabel action \"remove\"");
  CHECK(ActionName(Action::kUppercase) == "uppercase");
}

TEST_CASE("actions that set a label need its name", "[relabel]") {
  for (const Action action : {Action::kReplace, Action::kLowercase, Action::kUppercase,
                              Action::kKeepEqual, Action::kDropEqual}) {
    const std::string name(ActionName(action));
    CHECK(Refusal(Of(action)) ==
          "relabel configuration for " + name + " action requires 'target_label' value");
    CHECK(Refusal(Of(action, "x")).empty());
  }
  Rule hashmod = Of(Action::kHashMod);
  CHECK(Refusal(hashmod) == "relabel configuration for hashmod requires non-zero modulus");
  hashmod.modulus = 8;
  CHECK(Refusal(hashmod) ==
        "relabel configuration for hashmod action requires 'target_label' value");
  hashmod.target_label = "x";
  CHECK(Refusal(hashmod).empty());
}

TEST_CASE("a target label must be a name of the scheme", "[relabel]") {
  CHECK(Refusal(Of(Action::kReplace, "\xff")) ==
        "\"\\xff\" is invalid 'target_label' for replace action");
  CHECK(Refusal(Of(Action::kLowercase, "a-b")).empty());
  CHECK(Refusal(Of(Action::kLowercase, "a-b"), NameScheme::kLegacy) ==
        "\"a-b\" is invalid 'target_label' for lowercase action");
  CHECK(Refusal(Of(Action::kLowercase, "${1}")).empty());
  CHECK(Refusal(Of(Action::kLowercase, "${1}"), NameScheme::kLegacy) ==
        "\"${1}\" is invalid 'target_label' for lowercase action");
  Rule labelmap = Of(Action::kLabelMap);
  labelmap.replacement = "";
  CHECK(Refusal(labelmap) == "\"\" is invalid 'replacement' for labelmap action");
  labelmap.replacement = "a-$1";
  CHECK(Refusal(labelmap).empty());
  CHECK(Refusal(labelmap, NameScheme::kLegacy) ==
        "\"a-$1\" is invalid 'replacement' for labelmap action");
}

TEST_CASE("legacy target labels may hold references", "[relabel]") {
  for (const auto* target : {"foo", "${1}", "$1", "${foo}_bar", "a0${1}", "foo${bar}foo", "$a_$b",
                             "${1}0", "__${1}__"}) {
    CAPTURE(target);
    CHECK(Refusal(Of(Action::kReplace, target), NameScheme::kLegacy).empty());
  }
  for (const auto* target : {"0", "0${3}", "-${3}", "${", "$", "$1-", "${1}-", "${a-b}", "${}",
                             "foo$", "$$1", "ä$1", "fo o${1}"}) {
    CAPTURE(target);
    CHECK_FALSE(Refusal(Of(Action::kReplace, target), NameScheme::kLegacy).empty());
  }
  for (const auto* target : {"${3}", "0${3}", "-${3}", "a b$"}) {
    CAPTURE(target);
    CHECK(Refusal(Of(Action::kReplace, target)).empty());
  }
}

TEST_CASE("changes of case take no replacement", "[relabel]") {
  Rule rule = Of(Action::kUppercase, "x");
  rule.replacement = "$1_";
  CHECK(Refusal(rule) == "'replacement' can not be set for uppercase action");
  rule.action = Action::kKeepEqual;
  CHECK(Refusal(rule) == "'replacement' can not be set for keepequal action");
}

TEST_CASE("comparing actions take nothing but source and target labels", "[relabel]") {
  const std::string message =
      "dropequal action requires only 'source_labels' and `target_label`, and no other fields";
  Rule rule = Of(Action::kDropEqual, "x");
  rule.source_labels = {"a", "b"};
  CHECK(Refusal(rule).empty());
  // Written out, even the default expression is one too many.
  rule.regex = "(.*)";
  CHECK(Refusal(rule) == message);
  rule.regex.reset();
  rule.separator = ",";
  CHECK(Refusal(rule) == message);
  rule.separator = ";";
  rule.modulus = 1;
  CHECK(Refusal(rule) == message);
}

TEST_CASE("labeldrop and labelkeep take nothing but an expression", "[relabel]") {
  for (const Action action : {Action::kLabelDrop, Action::kLabelKeep}) {
    Rule good = Of(action);
    good.regex = "a";
    CHECK(Refusal(good).empty());
    const std::string message =
        std::string(ActionName(action)) + " action requires only 'regex', and no other fields";
    std::vector<Rule> bad(5, good);
    bad[0].source_labels = {"a"};
    bad[1].target_label = "a";
    bad[2].modulus = 1;
    bad[3].separator = ",";
    bad[4].replacement = "x";
    for (const Rule& rule : bad) CHECK(Refusal(rule) == message);
  }
}

}  // namespace
}  // namespace sluice::relabel
