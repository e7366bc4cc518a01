#include "relabel/internal/simple_pattern.h"

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

TEST_CASE("alternations of plain text need no engine", "[relabel]") {
  const auto pattern = AnalyzePattern("(a\\.b|c|)");
  REQUIRE(pattern.has_value());
  CHECK_FALSE(pattern->is_wildcard);
  CHECK(pattern->captures_whole);
  CHECK(pattern->literals == std::vector<std::string>{"a.b", "c", ""});
  CHECK(AnalyzePattern("")->literals == std::vector<std::string>{""});
  CHECK_FALSE(AnalyzePattern("(?:a|b)")->captures_whole);
}

TEST_CASE("one wildcard with plain text around it needs no engine", "[relabel]") {
  const auto pattern = AnalyzePattern("__meta_(.+)_x");
  REQUIRE(pattern.has_value());
  CHECK(pattern->is_wildcard);
  CHECK(pattern->prefix == "__meta_");
  CHECK(pattern->suffix == "_x");
  CHECK(pattern->min_middle == 1);
  CHECK(pattern->captures_middle);
  CHECK_FALSE(pattern->captures_whole);
  CHECK(AnalyzePattern("(.*)")->captures_whole);
  CHECK(AnalyzePattern("((.*))")->captures_middle);
}

TEST_CASE("anything else is left to the engine", "[relabel]") {
  for (const auto* pattern :
       {"a*",  "a?",      "(a)(b)",  "a.b",          "(?i)a",   "[ab]",   "a{2}",     "^a",
        "a$",  "\\d",     "a.*b.*",  ".*|a",         "a|.*",    "(a|b)c", "(?P<n>a)", "(.*)?",
        ".*?", "((a|b))", "\\Qa\\E", "\xef\xbf\xbd", "(a)|(b)", "\\xe4"}) {
    CAPTURE(pattern);
    CHECK_FALSE(AnalyzePattern(pattern).has_value());
  }
}

TEST_CASE("named groups are spelled for the engine, outside classes and quotations", "[relabel]") {
  CHECK(RewriteNamedGroups("(?<a>x)(?P<b>y)") == "(?P<a>x)(?P<b>y)");
  CHECK(RewriteNamedGroups("[(?<a>]") == "[(?<a>]");
  CHECK(RewriteNamedGroups("[]](?<a>x)") == "[]](?P<a>x)");
  CHECK(RewriteNamedGroups("[[:alpha:]](?<a>x)") == "[[:alpha:]](?P<a>x)");
  CHECK(RewriteNamedGroups("\\((?<a>x)") == "\\((?P<a>x)");
  CHECK(RewriteNamedGroups("\\Q(?<a>\\E(?<b>x)") == "\\Q(?<a>\\E(?P<b>x)");
  CHECK(RewriteNamedGroups("\\Q(?<a>") == "\\Q(?<a>");
  CHECK(RewriteNamedGroups("(?<=a)") == "(?<=a)");
  CHECK(RewriteNamedGroups("[\\") == "[\\");
  CHECK(RewriteNamedGroups("\\") == "\\");
}

}  // namespace
}  // namespace sluice::relabel
