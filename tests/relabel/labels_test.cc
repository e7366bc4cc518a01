#include "relabel/labels.h"

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

TEST_CASE("labels are sorted, unique by their last value and never empty", "[relabel]") {
  const Labels labels = Labels::From({{"b", "1"}, {"a", "x"}, {"b", "2"}, {"c", ""}, {"a", ""}});
  CHECK(labels == Labels{{"b", "2"}});
  CHECK(labels.Get("b") == "2");
  CHECK(labels.Get("a").empty());
  CHECK(labels.Has("b"));
  CHECK_FALSE(labels.Has("c"));
  CHECK(Labels::From({}).empty());
}

TEST_CASE("labels print as a selector with Go's quoting", "[relabel]") {
  CHECK(Labels().ToString() == "{}");
  CHECK(Labels{{"b", "2"}, {"a", "x\"\\\n\x01\xff"}}.ToString() ==
        R"({a="x\"\\\n\x01\xff", b="2"})");
  CHECK(Labels{{"dotted.name", "ä"}}.ToString() == "{\"dotted.name\"=\"ä\"}");
}

TEST_CASE("the hash of labels is the one of Prometheus", "[relabel]") {
  // XXH64 of `name 0xff value 0xff ...` with seed 0; of no bytes at all for no labels.
  CHECK(Labels().Hash() == 0xef46db3751d8e999ULL);
  const Labels some{{"foo", "bar"}, {"x", "y"}};
  CHECK(some.Hash() == Labels{{"x", "y"}, {"foo", "bar"}}.Hash());
  CHECK(some.Hash() != Labels{{"foo", "bar\xffx"}}.Hash());
}

TEST_CASE("a builder sets, replaces and deletes", "[relabel]") {
  LabelsBuilder builder(Labels{{"a", "1"}, {"c", "3"}});
  builder.Set("b", "2");
  builder.Set("a", "one");
  builder.Set("c", "");
  builder.Delete("missing");
  CHECK(builder.Build() == Labels{{"a", "one"}, {"b", "2"}});
  CHECK(builder.Get("b") == "2");
  CHECK(builder.Get("c").empty());
  builder.Reset(Labels{{"z", "9"}});
  CHECK(builder.Build() == Labels{{"z", "9"}});
  builder.Clear();
  CHECK(builder.Build().empty());
}

TEST_CASE("a value may be copied from a label of the same builder", "[relabel]") {
  LabelsBuilder builder(Labels{{"m", "short"}, {"n", std::string(100, 'n')}});
  builder.Set("a", builder.Get("m"));
  builder.Set("b", builder.Get("n"));
  builder.Set("m", builder.Get("n"));
  CHECK(builder.Get("a") == "short");
  CHECK(builder.Get("b") == std::string(100, 'n'));
  CHECK(builder.Get("m") == std::string(100, 'n'));
}

TEST_CASE("a builder remembers in which order labels were set", "[relabel]") {
  LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  builder.Set("z", "26");
  builder.Set("b", "changed");
  builder.Delete("c");
  builder.Set("c", "again");
  builder.Set("z", "keeps its place");
  std::vector<Label> order;
  builder.CopyInSettingOrder(order);
  CHECK(order ==
        std::vector<Label>{{"a", "1"}, {"z", "keeps its place"}, {"b", "changed"}, {"c", "again"}});
}

TEST_CASE("label and metric names follow their scheme", "[relabel]") {
  for (const auto* name : {"a", "_", "__name__", "aB9"}) {
    CAPTURE(name);
    CHECK(IsLegacyLabelName(name));
    CHECK(IsLegacyMetricName(name));
  }
  for (const auto* name : {"", "9a", "a-b", "ä", "a b"}) {
    CAPTURE(name);
    CHECK_FALSE(IsLegacyLabelName(name));
    CHECK_FALSE(IsLegacyMetricName(name));
  }
  CHECK_FALSE(IsLegacyLabelName("a:b"));
  CHECK(IsLegacyMetricName("a:b"));
  CHECK(IsUtf8LabelName("9 any thing.ä"));
  CHECK_FALSE(IsUtf8LabelName(""));
  CHECK_FALSE(IsUtf8LabelName("\xff"));
}

TEST_CASE("invalid UTF-8 is told from valid", "[relabel]") {
  CHECK(IsValidUtf8(""));
  CHECK(IsValidUtf8("aä€😀\xf4\x8f\xbf\xbf"));
  // A lone continuation, an overlong slash, a surrogate, beyond U+10FFFF, a cut character.
  for (const auto* text :
       {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe2\x82", "\xf8\x88\x80\x80"}) {
    CAPTURE(text);
    CHECK_FALSE(IsValidUtf8(text));
  }
}

}  // namespace
}  // namespace sluice::relabel
