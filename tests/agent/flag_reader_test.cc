#include "agent/flags/flag_reader.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

using Kind = FlagSpec::Kind;

constexpr FlagSpec kSpecs[] = {
    {.name = "config.file"},
    {.name = "web.listen-address", .kind = Kind::kValues},
    {.name = "agent", .kind = Kind::kSwitch},
    {.name = "tls", .kind = Kind::kSwitches},
};

Result<FlagValues> Read(std::initializer_list<std::string> arguments) {
  FlagSpecs specs;
  for (const FlagSpec& spec : kSpecs) specs.push_back(&spec);
  const std::vector<std::string> all(arguments);
  return ReadFlags(specs, all);
}

TEST_CASE("flags are read as kingpin and as Go's flag package write them", "[flags]") {
  struct Case {
    std::initializer_list<std::string> arguments;
    FlagValues values;
  };

  const Case cases[] = {
      {{"--config.file=a", "--config.file", "b"}, {{"config.file", {"b"}}}},
      {{"-config.file", "-a"}, {{"config.file", {"-a"}}}},
      {{"-config.file="}, {{"config.file", {""}}}},
      {{"--web.listen-address=a", "-web.listen-address", "b"},
       {{"web.listen-address", {"a", "b"}}}},
      {{"--agent"}, {{"agent", {"true"}}}},
      {{"--agent", "--no-agent"}, {{"agent", {"false"}}}},
      {{"-agent=F"}, {{"agent", {"false"}}}},
      {{"-tls", "-tls=false,true"}, {{"tls", {"true", "false,true"}}}},
      {{}, {}},
  };
  for (const Case& each : cases) {
    const Result<FlagValues> values = Read(each.arguments);
    REQUIRE(values.ok());
    CHECK(*values == each.values);
  }
}

TEST_CASE("a flag that is none is an error with the nearest name", "[flags]") {
  const auto error = [](const char* argument) { return Read({argument}).error().message; };
  CHECK(error("--config.flie=a") == "unknown flag --config.flie; did you mean --config.file?");
  CHECK(error("-WEB.listenaddress") ==
        "unknown flag --WEB.listenaddress; did you mean --web.listen-address?");
  CHECK(error("--something-else") == "unknown flag --something-else");
  CHECK(error("--no-config.file") == "unknown flag --no-config.file; did you mean --config.file?");
  CHECK(error("--config.file") == "--config.file needs a value");
  CHECK(error("--agent=maybe") == "--agent is on or off, not \"maybe\"");
  CHECK(error("value") == "unexpected value");
  CHECK(error("-") == "unexpected -");
}

TEST_CASE("the distance of names counts edits", "[flags]") {
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("abc", "abc") == 0);
  CHECK(EditDistance("abc", "axc") == 1);
  CHECK(EditDistance("abcd", "acbd") == 1);  // swapped
  CHECK(EditDistance("kitten", "sitting") == 3);
}

}  // namespace
}  // namespace sluice::agent
