#include "agent/config/yaml_text.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "agent/config/canonical.h"

namespace sluice::agent {
namespace {

std::string Rewritten(const std::string& text) {
  const Result<YamlNode> node = ParseYaml(text, "f");
  if (!node.ok()) FAIL(node.error().message);
  return WriteYaml(*node);
}

TEST_CASE("YAML is written in block style", "[agent]") {
  CHECK(Rewritten("{a: [b, {c: d, e: [f]}], g: {h: {i: [[j, k], l]}}}") ==
        "a:\n- b\n- c: d\n  e:\n  - f\ng:\n  h:\n    i:\n    - - j\n      - k\n    - l\n");
  CHECK(Rewritten("{a: [], b: {}, c: null, d: '', e: ~}") ==
        "a: []\nb: {}\nc: null\nd: \"\"\ne: null\n");
  CHECK(Rewritten("") == "null\n");
  CHECK(Rewritten("x") == "x\n");
}

TEST_CASE("texts are quoted where they would be read as something else", "[agent]") {
  for (const std::string same : {"a",           "1h",
                                 "\"1\"",       "1",
                                 "-1",          "\"-1\"",
                                 "true",        "\"true\"",
                                 "\"null\"",    "a:b",
                                 "\"a: b\"",    "\"a #b\"",
                                 "\"#b\"",      "http://x/y?z=1",
                                 "(.*);(.+)",   "\"*.yml\"",
                                 "\"a\\nb\"",   "$1",
                                 "\"\\\\d+\"",  "\"- a\"",
                                 "\"a:\"",      "!!binary \"/w==\"",
                                 "\"\\u0085\"", "\"~\"",
                                 "5.5",         "\"<<\"",
                                 "\"\xc3\xa4\""}) {
    CAPTURE(same);
    const std::string written = Rewritten("k: " + same);
    const Result<YamlNode> back = ParseYaml(written, "f");
    REQUIRE(back.ok());
    const Result<YamlNode> before = ParseYaml("k: " + same, "f");
    CHECK(CanonicalText(*back) == CanonicalText(*before));
    const YamlNode& value = back->entries.at(0).second;
    CHECK(value.kind == before->entries.at(0).second.kind);
    // Whether it is a text counts where it could be anything else.
    if (same == "\"1\"" || same == "\"true\"" || same == "\"null\"") CHECK(value.quoted);
    if (same == "1" || same == "true" || same == "-1") CHECK_FALSE(value.quoted);
  }
}

class RandomTree {
 public:
  explicit RandomTree(unsigned seed) : random_(seed) {}

  YamlNode Node(int depth) {
    YamlNode node;
    const size_t kind = Below(depth == 0 ? 2 : 4);
    if (kind == 0) return node;
    if (kind == 1) {
      node.kind = YamlNode::Kind::kScalar;
      node.scalar = Text();
      node.quoted = true;
    } else if (kind == 2) {
      node.kind = YamlNode::Kind::kSequence;
      for (size_t n = Below(4); n > 0; --n) node.items.push_back(Node(depth - 1));
    } else {
      node.kind = YamlNode::Kind::kMap;
      for (size_t n = Below(4); n > 0; --n) {
        YamlNode key;
        key.kind = YamlNode::Kind::kScalar;
        key.scalar = "k" + std::to_string(n) + Text();
        key.quoted = true;
        node.entries.push_back({key, Node(depth - 1)});
      }
    }
    return node;
  }

 private:
  size_t Below(size_t bound) { return random_() % bound; }

  std::string Text() {
    static const std::string kPieces[] = {"a",
                                          "1",
                                          " ",
                                          ":",
                                          "#",
                                          "-",
                                          "'",
                                          "\"",
                                          "\\",
                                          "\n",
                                          "\t",
                                          "[",
                                          "{",
                                          "}",
                                          ",",
                                          "&",
                                          "*",
                                          "!",
                                          "|",
                                          ">",
                                          "%",
                                          "@",
                                          "`",
                                          "?",
                                          "=",
                                          "~",
                                          ".",
                                          "\xc3\xa4",
                                          "\xf0\x9f\x98\x80",
                                          "\xe2\x80\xa8",
                                          "true"};
    std::string text;
    for (size_t n = Below(6); n > 0; --n) text += kPieces[Below(std::size(kPieces))];
    return text;
  }

  std::mt19937 random_;
};

TEST_CASE("what is written is read back equal", "[agent]") {
  const unsigned seed = std::random_device()();
  for (unsigned i = 0; i < 2000; ++i) {
    CAPTURE(seed, i);
    const YamlNode tree = RandomTree(seed + i).Node(4);
    const std::string text = WriteYaml(tree);
    CAPTURE(text);
    const Result<YamlNode> back = ParseYaml(text, "f");
    if (!back.ok()) FAIL(back.error().message);
    REQUIRE(CanonicalText(*back) == CanonicalText(tree));
  }
}

}  // namespace
}  // namespace sluice::agent
