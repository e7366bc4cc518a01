#include <sstream>

#include <catch2/catch.hpp>

#include "agent/label_set_text.h"
#include "agent/relabel_command.h"

namespace sluice::agent {
namespace {

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

Outcome Run(const RelabelCommand& command, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int status = RunRelabelCommand(command, in, out, err);
  return Outcome{status, out.str(), err.str()};
}

std::string Parsed(std::string_view text) {
  const Result<relabel::Labels> labels = ParseLabelSet(text);
  return labels.ok() ? labels->ToString() : labels.error().message;
}

TEST_CASE("label sets are read in the ways they are written", "[agent]") {
  CHECK(Parsed("{}") == "{}");
  CHECK(Parsed(R"({b="2", a="1"})") == R"({a="1", b="2"})");
  CHECK(Parsed(R"( up { job = "x" , } )") == R"({__name__="up", job="x"})");
  CHECK(Parsed("up") == R"({__name__="up"})");
  CHECK(Parsed(R"({"a.b", "c d"="e"})") == R"({__name__="a.b", "c d"="e"})");
  CHECK(Parsed(R"({a="\"\\\n\t\x41ä"})") == R"({a="\"\\\n\tAä"})");
}

TEST_CASE("what is no label set is refused with its place", "[agent]") {
  CHECK(Parsed("") == "expected a name or { at position 1 of \"\"");
  CHECK_THAT(Parsed("{a}"), Catch::StartsWith("expected = at position 3"));
  CHECK_THAT(Parsed("{a=1}"), Catch::StartsWith("expected a value in double quotes"));
  CHECK_THAT(Parsed(R"({a="1" b="2"})"), Catch::StartsWith("expected , or }"));
  CHECK_THAT(Parsed(R"({a="1", a="2"})"), Catch::StartsWith("label \"a\" comes twice"));
  CHECK_THAT(Parsed(R"({a="1"} 5)"), Catch::StartsWith("unexpected text"));
  CHECK_THAT(Parsed(R"({a="1)"), Catch::StartsWith("missing closing quote"));
  CHECK_THAT(Parsed(R"({a="\q"})"), Catch::StartsWith("unknown escape"));
  CHECK_THAT(Parsed(R"({a="\x4)"), Catch::StartsWith("unknown escape"));
  CHECK_THAT(Parsed(R"({a="\)"), Catch::StartsWith("unknown escape"));
  CHECK_THAT(Parsed(R"(x{"y"})"), Catch::StartsWith("label \"__name__\" comes twice"));
  CHECK_FALSE(ParseLabelSet("{").ok());
  CHECK_FALSE(ParseLabelSet("{,}").ok());
}

TEST_CASE("the relabel command prints what is left", "[agent]") {
  const std::string rules =
      "- {action: drop, source_labels: [a], regex: x}\n- {target_label: n, replacement: v}\n";
  const Outcome outcome =
      Run({.rules_text = rules, .rules_name = "r.yml", .label_sets = {"{a=\"x\"}", "up{a=\"y\"}"}});
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "dropped\n{__name__=\"up\", a=\"y\", n=\"v\"}\n");
}

TEST_CASE("the relabel command reads label sets from its input", "[agent]") {
  const Outcome outcome = Run({.rules_text = "- {target_label: n, replacement: v}",
                               .rules_name = "r.yml",
                               .label_sets = {}},
                              "{a=\"1\"}\n\nbad{\n{b=\"2\"}");
  CHECK(outcome.status == 1);
  CHECK(outcome.out == "{a=\"1\", n=\"v\"}\n{b=\"2\", n=\"v\"}\n");
  CHECK_THAT(outcome.err, Catch::StartsWith("expected a label name"));
}

TEST_CASE("the relabel command traces each rule", "[agent]") {
  const std::string rules =
      "- {source_labels: [a, b], target_label: a, replacement: 'z$1'}\n"
      "- {action: labeldrop, regex: b}\n"
      "- {target_label: c, replacement: new}\n"
      "- {action: keep, source_labels: [a], regex: '.*'}\n"
      "- {action: drop, source_labels: [c], regex: new}\n";
  const Outcome outcome = Run({.rules_text = rules,
                               .rules_name = "r.yml",
                               .label_sets = {R"({a="1", b="2"})"},
                               .trace = true});
  CHECK(outcome.out == R"({a="1", b="2"}
  rule 0: replace [a, b] -> a
      ~ a="z1;2"
  rule 1: labeldrop "b"
      - b="2"
  rule 2: replace -> c
      + c="new"
  rule 3: keep [a] ".*"
      no change
  rule 4: drop [c] "new"
      dropped
dropped
)");
}

TEST_CASE("the relabel command refuses bad rules", "[agent]") {
  const Outcome outcome =
      Run({.rules_text = "- {action: x}", .rules_name = "r.yml", .label_sets = {"{}"}});
  CHECK(outcome.status == 1);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "r.yml:1: [0].action: unknown relabel action \"x\"\n");
}

}  // namespace
}  // namespace sluice::agent
