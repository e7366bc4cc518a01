#include "base/xml.h"

#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace sluice {
namespace {

std::string MessageOf(const std::string& text) {
  const auto root = ParseXml(text);
  return root.ok() ? "" : root.error().message;
}

TEST_CASE("elements have names, attributes, texts and children", "[xml]") {
  const std::string text =
      "<?xml version='1.0' encoding='UTF-8'?>\n<!-- c --><n:a xmlns:n='urn:x' n:k='v&lt;'>t1"
      "<b>one &amp; <![CDATA[<two>]]><!-- no --> &#233;</b>t2<c/><b>x<d>y</d>z</b></n:a>";
  const auto root = ParseXml(text);
  REQUIRE(root.ok());
  CHECK(root->name == "a");
  CHECK(root->Attribute("k") == "v<");
  CHECK(root->Attribute("none").empty());
  CHECK(root->text == "t1t2");
  CHECK(root->TextOf("b") == "one & <two> \xc3\xa9");
  CHECK(root->Child("b")->source == "one &amp; <![CDATA[<two>]]><!-- no --> &#233;");
  CHECK(root->Child("c")->source.empty());
  CHECK(root->Child("none") == nullptr);
  CHECK(root->TextOf("none").empty());
  REQUIRE(root->All("b").size() == 2);
  CHECK(root->All("b")[1]->text == "xz");
  CHECK(root->All("b")[1]->source == "x<d>y</d>z");
}

TEST_CASE("what is no XML is refused", "[xml]") {
  CHECK_THAT(MessageOf(""), Catch::StartsWith("not valid XML: "));
  CHECK_THAT(MessageOf("{}"), Catch::StartsWith("not valid XML: "));
  CHECK_THAT(MessageOf("<a><b></a>"), Catch::Contains("mismatched tag in line 1"));
  CHECK_THAT(MessageOf("<a>"), Catch::Contains("no element found"));
  CHECK_THAT(MessageOf("<a/><b/>"), Catch::Contains("junk"));
  CHECK_THAT(MessageOf("<a>\xff</a>"), Catch::StartsWith("not valid XML: "));
  CHECK_THAT(MessageOf("<a>&what;</a>"), Catch::Contains("undefined entity"));
}

TEST_CASE("documents that grow when they are read are refused", "[xml]") {
  CHECK(MessageOf("<!DOCTYPE a [<!ENTITY x 'xxxx'><!ENTITY y '&x;&x;'>]><a>&y;</a>") ==
        "not valid XML: a document type");
  CHECK(MessageOf("<!DOCTYPE a SYSTEM 'http://localhost/'><a/>") ==
        "not valid XML: a document type");
  std::string deep;
  for (size_t i = 0; i <= kXmlMaxDepth; ++i) deep += "<a>";
  CHECK(MessageOf(deep) == "not valid XML: too many levels");
  std::string wide = "<a>";
  for (size_t i = 0; i < kXmlMaxElements; ++i) wide += "<b/>";
  CHECK(MessageOf(wide + "</a>") == "not valid XML: too many elements");
}

TEST_CASE("no bytes can break the reading of XML", "[xml]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string base = "<a k='v'><b>x&amp;y</b><c/><!-- d --><![CDATA[e]]></a>";
  constexpr std::string_view kMarks = "<>/&;'\"!-[]\0x ";
  for (int round = 0; round < 3000; ++round) {
    std::string text = base.substr(0, random() % (base.size() + 1));
    for (uint64_t i = random() % 4; i > 0 && !text.empty(); --i) {
      text[random() % text.size()] = kMarks[random() % kMarks.size()];
    }
    const auto root = ParseXml(text);
    if (root.ok()) CHECK(root->source.size() <= text.size());
  }
}

}  // namespace
}  // namespace sluice
