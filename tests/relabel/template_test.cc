#include "relabel/internal/template.h"

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

std::string Expand(std::string_view text) {
  const Result<Matcher> matcher = Matcher::Compile("(a+)(?P<name>b+)(?<x1>c)?(_)");
  REQUIRE(matcher.ok());
  MatchGroups groups;
  REQUIRE(matcher->Match("aabb_", groups));
  const Template parsed(text, *matcher);
  std::string out;
  parsed.Append(groups, out);
  return out;
}

TEST_CASE("a template expands as Go's regexp.Expand does", "[relabel]") {
  CHECK(Expand("plain") == "plain");
  CHECK(Expand("").empty());
  CHECK(Expand("$1-$2-$0") == "aa-bb-aabb_");
  CHECK(Expand("${1}x${name}$name") == "aaxbbbb");
  CHECK(Expand("$$1") == "$1");
  CHECK(Expand("$$$1") == "$aa");
}

TEST_CASE("a reference takes the longest name", "[relabel]") {
  CHECK(Expand("$1x").empty());
  CHECK(Expand("$name1").empty());
  CHECK(Expand("$1ä").empty());
  CHECK(Expand("$1→") == "aa→");
  CHECK(Expand("$1.$name-") == "aa.bb-");
}

TEST_CASE("unknown groups and groups that took no part are empty", "[relabel]") {
  CHECK(Expand("<$9>") == "<>");
  CHECK(Expand("<$nope>") == "<>");
  CHECK(Expand("<$3$x1>") == "<>");
  CHECK(Expand("<${01}>") == "<>");
  CHECK(Expand("<$123456789012345678901234567890>") == "<>");
}

TEST_CASE("a dollar before anything but a reference stands for itself", "[relabel]") {
  CHECK(Expand("$") == "$");
  CHECK(Expand("a$-b") == "a$-b");
  CHECK(Expand("${") == "${");
  CHECK(Expand("${}") == "${}");
  CHECK(Expand("${1") == "${1");
  CHECK(Expand("${1-}$1") == "${1-}aa");
  CHECK(Expand("${$1") == "${aa");
}

}  // namespace
}  // namespace sluice::relabel
