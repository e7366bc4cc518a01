#include "base/json.h"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice {
namespace {

std::unique_ptr<JsonDocument> Parse(std::string_view text) {
  auto document = JsonDocument::Parse(text);
  REQUIRE(document.ok());
  return std::move(*document);
}

TEST_CASE("JSON values are read by their types", "[json]") {
  const auto document = Parse(
      R"({"s": "aé\n", "t": true, "i": -5, "u": 18446744073709551615, "f": 1.5, "w": 2.0,
          "e": 1e21, "l": ["a", "b"], "o": {"k": {"x": 1}}, "n": null})");
  const JsonView root = document->root();
  CHECK(root.is_object());
  CHECK(root["s"].Text() == "aé\n");
  CHECK(root["t"].Bool());
  CHECK(root["i"].Integer() == -5);
  CHECK(root["i"].Float() == -5.0);
  CHECK(root["i"].NumberText() == "-5");
  CHECK(root["u"].NumberText() == "18446744073709551615");
  CHECK(root["f"].Float() == 1.5);
  CHECK(root["f"].NumberText() == "1.5");
  CHECK(root["w"].NumberText() == "2");
  CHECK(root["e"].NumberText() == "1000000000000000000000");
  CHECK(root["l"].Texts() == std::vector<std::string_view>{"a", "b"});
  REQUIRE(root["o"].Entries().size() == 1);
  CHECK(root["o"].Entries()[0].first == "k");
  CHECK(root["o"]["k"]["x"].Integer() == 1);
  CHECK_FALSE(document->TakeMismatch());
}

TEST_CASE("any JSON value can be had as text without blanks", "[json]") {
  const auto document = JsonDocument::Parse(R"({"a": [1, 2.5, {"b": "x\ny \u00e9"}], "n": null})");
  REQUIRE(document.ok());
  const JsonView root = (*document)->root();
  CHECK(root["a"].JsonText() == "[1,2.5,{\"b\":\"x\\ny \u00e9\"}]");
  CHECK(root["a"].Items()[0].JsonText() == "1");
  CHECK(root["n"].JsonText() == "null");
  CHECK(root["absent"].JsonText().empty());
}

TEST_CASE("what is missing or null reads as nothing", "[json]") {
  const auto document = Parse(R"({"n": null})");
  for (const JsonView& view : {document->root()["n"], document->root()["missing"], JsonView()}) {
    CHECK_FALSE(view);
    CHECK_FALSE(view.is_object());
    CHECK(view.Text().empty());
    CHECK_FALSE(view.Bool());
    CHECK(view.Integer() == 0);
    CHECK(view.Float() == 0);
    CHECK(view.NumberText().empty());
    CHECK(view.Items().empty());
    CHECK(view.Texts().empty());
    CHECK(view.Entries().empty());
    CHECK_FALSE(view["deeper"]["and deeper"]);
  }
  CHECK_FALSE(document->TakeMismatch());
}

TEST_CASE("a value of the wrong type is noted, the first one only, and reads as nothing",
          "[json]") {
  const auto document = Parse(R"({"s": "text", "f": 1.5, "l": [1]})");
  const JsonView root = document->root();
  CHECK(root["s"].Integer() == 0);
  CHECK(root["s"]["k"].Text().empty());
  CHECK(document->TakeMismatch() == "expected a whole number, got \"text\"");
  CHECK_FALSE(document->TakeMismatch());
  CHECK(root["f"].Integer() == 0);
  CHECK(document->TakeMismatch() == "expected a whole number, got 1.5");
  CHECK(root["l"].Text().empty());
  CHECK(document->TakeMismatch() == "expected a string, got [1]");
  CHECK(root["l"].Entries().empty());
  CHECK(document->TakeMismatch() == "expected an object, got [1]");
  CHECK(root["s"].Items().empty());
  CHECK(document->TakeMismatch() == "expected a list, got \"text\"");
  CHECK(root["s"].NumberText().empty());
  CHECK(document->TakeMismatch() == "expected a number, got \"text\"");
  CHECK_FALSE(root["s"].Bool());
  CHECK(document->TakeMismatch() == "expected true or false, got \"text\"");
}

TEST_CASE("a message shows no more than the beginning of a value", "[json]") {
  const auto document = Parse("[\"" + std::string(500, 'x') + "\"]");
  document->root().Text();
  CHECK(document->TakeMismatch()->size() < 100);
}

TEST_CASE("what is not JSON is refused", "[json]") {
  for (const std::string text :
       {"", " ", "{", "[1,]", "{'a': 1}", "nul", "[1] x", "\"\xff\"", "[01]", "{\"a\" 1}"}) {
    CAPTURE(text);
    const auto document = JsonDocument::Parse(text);
    REQUIRE_FALSE(document.ok());
    CHECK(document.error().code == ErrorCode::kInvalidInput);
  }
  CHECK_FALSE(JsonDocument::Parse(std::string(100'000, '[')).ok());
}

TEST_CASE("no bytes can break the reading of JSON", "[json]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string base = R"([{"a": ["b", 1, 2.5, null, true], "c": {"d": "\u00e9"}}, -3e5])";
  for (int round = 0; round < 3000; ++round) {
    std::string text = base.substr(0, random() % (base.size() + 1));
    for (uint64_t i = random() % 4; i > 0 && !text.empty(); --i) {
      text[random() % text.size()] = static_cast<char>(random() % 256);
    }
    auto document = JsonDocument::Parse(text);
    if (!document.ok()) continue;
    for (const JsonView& item : (*document)->root().Items()) {
      static_cast<void>(item["a"].Texts());
      static_cast<void>(item["c"]["d"].Text());
    }
  }
}

}  // namespace
}  // namespace sluice
