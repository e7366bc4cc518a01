#include <catch2/catch.hpp>

#include "agent/config/expand.h"

namespace sluice::agent {
namespace {

std::string Expand(std::string_view text) {
  const auto environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "HOME_1" || name == "a-b" || name == "1") return "<" + std::string(name) + ">";
    return std::nullopt;
  };
  std::vector<std::string> missing;
  std::string out = ExpandVariables(text, environment, missing);
  for (const std::string& name : missing) out += " missing=" + name;
  return out;
}

TEST_CASE("variables expand as Go's os.Expand does", "[agent]") {
  CHECK(Expand("") == "");
  CHECK(Expand("plain") == "plain");
  CHECK(Expand("$HOME_1-x${HOME_1}y") == "<HOME_1>-x<HOME_1>y");
  CHECK(Expand("$$") == "$");
  CHECK(Expand("${$}x$$HOME_1") == "$x$HOME_1");
  // In braces anything is a name; a digit alone is one too.
  CHECK(Expand("${a-b}") == "<a-b>");
  CHECK(Expand("$12") == "<1>2");
  CHECK(Expand("$NOPE.") == ". missing=NOPE");
  CHECK(Expand("$*") == " missing=*");
}

TEST_CASE("a dollar without a name stays, bad braces go", "[agent]") {
  CHECK(Expand("a$") == "a$");
  CHECK(Expand("a$/b") == "a$/b");
  CHECK(Expand("$ä") == "$ä");
  CHECK(Expand("a${}b") == "ab");
  CHECK(Expand("a${HOME_1") == "aHOME_1");
}

}  // namespace
}  // namespace sluice::agent
