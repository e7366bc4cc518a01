#include "base/yaml.h"

#include <fstream>
#include <random>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

using Kind = YamlNode::Kind;

YamlNode Parse(std::string_view text) {
  Result<YamlNode> node = ParseYaml(text, "f.yml");
  if (!node.ok()) FAIL(node.error().message);
  return std::move(*node);
}

std::string Refusal(std::string_view text) {
  const Result<YamlNode> node = ParseYaml(text, "f.yml");
  return node.ok() ? "" : node.error().message;
}

// A one-line rendering of a tree.
std::string Show(const YamlNode& node) {
  if (node.kind == Kind::kNull) return "null";
  if (node.kind == Kind::kScalar) return node.quoted ? "'" + node.scalar + "'" : node.scalar;
  std::string out;
  for (const YamlNode& item : node.items) out += (out.empty() ? "" : ",") + Show(item);
  for (const auto& entry : node.entries) {
    out += (out.empty() ? "" : ",") + Show(entry.first) + ":" + Show(entry.second);
  }
  return node.kind == Kind::kMap ? "{" + out + "}" : "[" + out + "]";
}

TEST_CASE("a document becomes a tree that knows its lines and columns", "[base]") {
  const YamlNode root = Parse("a: 1\nb:\n  - x\n  - {c: d}\n");
  CHECK(Show(root) == "{a:1,b:[x,{c:d}]}");
  CHECK(root.entries[1].first.line == 2);
  CHECK(root.entries[1].first.column == 1);
  CHECK(root.entries[1].second.items[1].line == 4);
  CHECK(root.entries[1].second.items[1].entries[0].second.column == 9);
}

TEST_CASE("quoted scalars are told from plain ones, nulls from both", "[base]") {
  CHECK(Show(Parse("[a, 'a', \"a\", '', null, ~, 'null', '~', NULL, ]")) ==
        "[a,'a','a','',null,null,'null','~',null]");
  const YamlNode root = Parse("a:\nb: ~\nc: null\nd: |\n  text\n");
  CHECK(root.entries[0].second.kind == Kind::kNull);
  CHECK(root.entries[0].second.scalar.empty());
  CHECK(root.entries[1].second.scalar == "~");
  CHECK(root.entries[2].second.scalar == "null");
  CHECK(root.entries[3].second.quoted);
  CHECK(root.entries[3].second.scalar == "text\n");
}

TEST_CASE("a null that is not written stands where its key or dash stands", "[base]") {
  const YamlNode root = Parse("a:\n  # more\n\n  # and more\nb:\n-\n-\n\nc: 1\nd:");
  CHECK(root.entries[0].second.line == 1);
  CHECK(root.entries[1].second.items[0].line == 6);
  CHECK(root.entries[1].second.items[1].line == 7);
  CHECK(root.entries[3].second.line == 10);
}

TEST_CASE("explicit tags are kept", "[base]") {
  const YamlNode root = Parse("[!!binary /w==, !!str 5, !own x, !!int '5']");
  CHECK(root.items[0].tag == "!!binary");
  CHECK(root.items[1].tag == "!!str");
  CHECK(root.items[1].quoted);
  CHECK(root.items[2].tag == "!own");
  CHECK(root.items[3].tag == "!!int");
}

TEST_CASE("duplicate keys are kept for the decoder to refuse", "[base]") {
  CHECK(Show(Parse("a: 1\na: 2\n")) == "{a:1,a:2}");
}

TEST_CASE("aliases stand for what was anchored", "[base]") {
  const YamlNode root = Parse("x: &n {a: [1]}\ny: *n\nz: [*n, &s t, *s]\n");
  CHECK(Show(root) == "{x:{a:[1]},y:{a:[1]},z:[{a:[1]},t,t]}");
  // An error in it is one of the line where it is written.
  CHECK(root.entries[1].second.line == 1);
}

TEST_CASE("merge keys fill in what is not written", "[base]") {
  CHECK(Show(Parse("x: &x {a: 1, b: 2}\ny: {a: own, <<: *x}\n")) == "{x:{a:1,b:2},y:{a:own,b:2}}");
  CHECK(Show(Parse("x: &x {a: 1}\ny: &y {a: 2, c: 3}\nz: {<<: [*x, *y], d: 4}\n")) ==
        "{x:{a:1},y:{a:2,c:3},z:{d:4,a:1,c:3}}");
  CHECK(Show(Parse("{'<<': 1}")) == "{'<<':1}");
  CHECK(Refusal("a: {<<: 1}") ==
        "f.yml:1:9: map merge requires map or sequence of maps as the value");
}

TEST_CASE("only the first document counts and an empty one is null", "[base]") {
  CHECK(Show(Parse("a: 1\n---\nb: 2\n")) == "{a:1}");
  for (const auto* text : {"", "\n", "# comment\n", "---\n", "---\n...\n", "\xef\xbb\xbf"}) {
    CAPTURE(text);
    CHECK(Parse(text).kind == Kind::kNull);
  }
  CHECK(Show(Parse("\xef\xbb\xbf"
                   "a: ~")) == "{a:null}");
}

TEST_CASE("JSON is YAML", "[base]") {
  CHECK(Show(Parse(R"([{"targets":["a:1"],"labels":{"x":"\u00e4\/\n"}}])")) ==
        "[{'targets':['a:1'],'labels':{'x':'ä/\n'}}]");
}

TEST_CASE("errors name the file, the line and the column", "[base]") {
  CHECK_THAT(Refusal("a: 1\nb: [1\nc: 2\n"), Catch::StartsWith("f.yml:"));
  CHECK_THAT(Refusal("a: 1\n\tb: 1\n"), Catch::StartsWith("f.yml:2:"));
  CHECK_THAT(Refusal("*nowhere"), Catch::StartsWith("f.yml:1:"));
  CHECK(Refusal("a: &a [*a]") == "f.yml:1:8: an anchor's value contains itself");
  CHECK(Refusal("a: 1\nb: \xff") == "f.yml:2:4: invalid UTF-8");
  CHECK(Refusal(std::string_view("a\0b", 3)) == "f.yml:1:2: control characters are not allowed");
}

TEST_CASE("depth is bounded, aliases included", "[base]") {
  const auto nested = [](size_t levels) {
    return std::string(levels, '[') + std::string(levels, ']');
  };
  CHECK(Refusal(nested(kYamlMaxDepth)).empty());
  CHECK_THAT(Refusal(nested(kYamlMaxDepth + 1)), Catch::EndsWith("nested deeper than 64 levels"));
  CHECK_FALSE(Refusal(std::string(100'000, '[')).empty());
  const std::string half = "a: &a " + nested(40) + "\nb: ";
  CHECK(Refusal(half + "[[*a]]").empty());
  CHECK_THAT(Refusal(half + std::string(40, '[') + "*a" + std::string(40, ']')),
             Catch::EndsWith("nested deeper than 64 levels"));
}

TEST_CASE("nesting that the parser itself refuses is refused in the same words", "[base]") {
  for (const std::string open : {"[", "{", "- ", "? ", "{a: ", "[a, "}) {
    CAPTURE(open);
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += open;
    CHECK_THAT(Refusal(text), Catch::EndsWith("nested deeper than 64 levels"));
  }
}

TEST_CASE("a bomb of aliases is refused before it is built", "[base]") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int n = 0; n < 10; ++n) bomb += (n > 0 ? ", " : "") + before;
    bomb += "]\n";
  }
  CHECK_THAT(Refusal(bomb), Catch::EndsWith("more than 4000000 nodes"));
}

TEST_CASE("files that cannot be read are told apart", "[base]") {
  const test::TempDir dir;
  CHECK(LoadYamlFile(dir.File("missing.yml")).error().code == ErrorCode::kNotFound);
  CHECK(LoadYamlFile(dir.path().string()).error().code == ErrorCode::kInternal);
  CHECK(LoadYamlFile("/dev/zero").error().code == ErrorCode::kInternal);
  std::ofstream(dir.File("good.yml")) << "a: [b]\n";
  const Result<YamlNode> good = LoadYamlFile(dir.File("good.yml"));
  REQUIRE(good.ok());
  CHECK(Show(*good) == "{a:[b]}");
}

TEST_CASE("no random text crashes the parser", "[base]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<std::string> tokens = {"a",  ": ", "- ", "\n", "  ",  "[",  "]",    "{", "}",
                                           ", ", "'",  "\"", "&a", " *a", "<<", "#",    "|", ">",
                                           "? ", "~",  "!",  "!!", "\\",  "%",  "---\n"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 30; n > 0; --n) text += tokens[random() % tokens.size()];
    const Result<YamlNode> node = ParseYaml(text, "f.yml");
    if (!node.ok()) REQUIRE(node.error().message.rfind("f.yml:", 0) == 0);
  }
}

}  // namespace
}  // namespace sluice
