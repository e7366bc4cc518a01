#include <limits>

#include <catch2/catch.hpp>

#include "agent/config/canonical.h"
#include "agent/config/decoder.h"
#include "base/base64.h"

namespace sluice::agent {
namespace {

YamlNode Parse(std::string_view text) {
  Result<YamlNode> node = ParseYaml(text, "f");
  if (!node.ok()) FAIL(node.error().message);
  return std::move(*node);
}

// What `read` makes of a value, or the error.
template <class Read>
std::string Decoded(std::string_view text, Read read) {
  const YamlNode node = Parse(text);
  Decoder decoder("f");
  const auto result = read(Value(decoder, node, "p"));
  return decoder.failed() ? decoder.error().message : std::to_string(result);
}

std::string Bool(std::string_view text) {
  return Decoded(text, [](const Value& value) { return value.Bool(); });
}

std::string Unsigned(std::string_view text) {
  return Decoded(text, [](const Value& value) {
    return value.Unsigned(std::numeric_limits<uint64_t>::max());
  });
}

TEST_CASE("booleans have the spellings of YAML 1.1", "[agent]") {
  for (const auto* text : {"true", "True", "TRUE", "yes", "on", "Y"}) CHECK(Bool(text) == "1");
  for (const auto* text : {"false", "No", "OFF", "n", "~", ""}) CHECK(Bool(text) == "0");
  for (const auto* text : {"'yes'", "1", "tRUE", "[true]"}) {
    CAPTURE(text);
    CHECK_THAT(Bool(text), Catch::StartsWith("f:1: p: unmarshal errors: cannot unmarshal "));
  }
}

TEST_CASE("whole numbers have the spellings of YAML 1.1", "[agent]") {
  CHECK(Unsigned("0") == "0");
  CHECK(Unsigned("+12_000") == "12000");
  CHECK(Unsigned("0x1F") == "31");
  CHECK(Unsigned("0b101") == "5");
  CHECK(Unsigned("0o17") == "15");
  CHECK(Unsigned("1e6") == "1000000");
  CHECK(Unsigned("18446744073709551615") == "18446744073709551615");
  CHECK(Unsigned("~") == "0");
  for (const auto* text :
       {"-1", "1.5", "'1'", "x", "18446744073709551616", "1e30", ".inf", "0x", "[1]", "1 2"}) {
    CAPTURE(text);
    CHECK_THAT(Unsigned(text), Catch::StartsWith("f:1: p: unmarshal errors: cannot unmarshal "));
  }
}

TEST_CASE("any scalar is a text as it is written", "[agent]") {
  const YamlNode node = Parse("[1.50, true, 'x', !!binary aGk=, ~]");
  Decoder decoder("f");
  CHECK(Value(decoder, node, "").Texts() ==
        std::vector<std::string>{"1.50", "true", "x", "hi", ""});
  CHECK_FALSE(decoder.failed());
}

TEST_CASE("the first error sticks", "[agent]") {
  Decoder decoder("f");
  decoder.Fail(3, "a.b", "first\nline");
  decoder.Fail(1, "", "second");
  CHECK(decoder.error().message == "f:3: a.b: first line");
}

TEST_CASE("foreign keys in a path are quoted", "[agent]") {
  const YamlNode node = Parse("{\"a\\nb\": []}");
  Decoder decoder("f");
  for (const auto& entry : Value(decoder, node, "m").Entries("map")) entry.second.Text();
  CHECK(decoder.error().message ==
        "f:1: m.\"a\\nb\": unmarshal errors: cannot unmarshal !!seq into string");
}

TEST_CASE("base64 is decoded strictly", "[agent]") {
  CHECK(DecodeBase64("") == "");
  CHECK(DecodeBase64("Zg==") == "f");
  CHECK(DecodeBase64("Zm8=") == "fo");
  CHECK(DecodeBase64("Zm9v\nYmFy\n") == "foobar");
  for (const auto* text : {"Z", "Zg", "Zg=", "Zg===", "====", "Zg=a", "Z*==", "=Zg="}) {
    CAPTURE(text);
    CHECK_FALSE(DecodeBase64(text).has_value());
  }
}

TEST_CASE("canonical texts do not depend on the spelling of a document", "[agent]") {
  const std::string text = CanonicalText(Parse("b: [1, 'x']\na: {d: ~, c: y}\n"));
  CHECK(text == CanonicalText(Parse("# other\na:\n  c: \"y\"\n  d:\nb:\n- 1\n- x\n")));
  CHECK(text != CanonicalText(Parse("b: [1, 'x']\na: {d: ~, c: z}\n")));
  CHECK(text != CanonicalText(Parse("b: ['x', 1]\na: {d: ~, c: y}\n")));
  constexpr std::string_view kSkipped[] = {"b"};
  CHECK(CanonicalText(Parse("a: 1\nb: 2\n"), kSkipped) == CanonicalText(Parse("a: 1\n")));
  CHECK(CanonicalText(Parse("['a,', b]")) != CanonicalText(Parse("[a, ',b']")));
}

}  // namespace
}  // namespace sluice::agent
