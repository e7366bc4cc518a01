#include "agent/selector.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

const relabel::Labels kSeries = {{"__name__", "up"}, {"instance", "a:1"}, {"job", "node"}};

TEST_CASE("a selector takes what all its matchers match", "[selector]") {
  struct Case {
    const char* text;
    bool matches;
  };

  const Case cases[] = {
      {"up", true},
      {"down", false},
      {R"(up{job="node"})", true},
      {R"({__name__="up", job='node',})", true},
      {R"({"up", "job"="node"})", true},
      {R"({job=~"no.*"})", true},
      {R"({job=~"o"})", false},  // the whole value
      {R"({job!~"no.*", instance="a:1"})", false},
      {R"({job!="x", instance="a:1"})", true},
      {R"(up{absent=""})", true},
      {R"(up{absent!=""})", false},
      {"{instance=~`a:\\d`}", true},
      {R"({instance="a\x3a1"})", true},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const auto selector = Selector::Parse(each.text);
    REQUIRE(selector.ok());
    CHECK(selector->Matches(kSeries) == each.matches);
  }
}

TEST_CASE("a selector that is none, or takes everything, is refused with the place", "[selector]") {
  struct Case {
    const char* text;
    const char* error;
  };

  const Case cases[] = {
      {"", "expected a name"},
      {"{}", "at least one non-empty matcher"},
      {R"({a=~".*"})", "at least one non-empty matcher"},
      {"{a}", "expected =, !=, =~ or !~ at position 3"},
      {"{a=b}", "expected a value in quotes at position 4"},
      {R"({a="b)", "missing closing quote"},
      {R"({a=~"("})", "bad regular expression"},
      {R"({a="b"} c)", "unexpected text"},
      {R"({a="b" c="d"})", "expected , or }"},
      {R"({a="\q"})", "unknown escape"},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    const auto selector = Selector::Parse(each.text);
    REQUIRE_FALSE(selector.ok());
    CHECK(selector.error().message.find(each.error) != std::string::npos);
  }
}

}  // namespace
}  // namespace sluice::agent
