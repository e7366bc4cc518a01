#include "scrape/protobuf_wire.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "protobuf_support.h"

namespace sluice::scrape {
namespace {

using test::Read;

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

// The numbers of the fields, and the error at the end of them if there is one.
std::vector<std::string> Fields(const std::string& message) {
  std::vector<std::string> numbers;
  WireError error;
  WireReader fields(message, error);
  while (fields.Next()) numbers.push_back(std::to_string(fields.number()));
  if (error.any()) numbers.push_back(error.ToStatus().error().message);
  return numbers;
}

using Numbers = std::vector<std::string>;

TEST_CASE("fields of every wire type are passed, groups with all that is in them", "[protobuf]") {
  CHECK(Fields(Bytes({0x08, 0xff, 0x01})) == Numbers{"1"});
  CHECK(Fields(Bytes({0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x1d, 1, 2, 3, 4})) == Numbers{"2", "3"});
  CHECK(Fields(Bytes({0x22, 2, 'a', 'b', 0x22, 0})) == Numbers{"4", "4"});
  // Group 5 { 1: 1, group 6 { 2: "x" }, 3: fixed32 }, then 7.
  CHECK(Fields(Bytes({0x2b, 0x08, 1, 0x33, 0x12, 1, 'x', 0x34, 0x1d, 1, 2, 3, 4, 0x2c, 0x38, 1})) ==
        Numbers{"5", "7"});
  // Large numbers.
  CHECK(Fields(Bytes({0xf8, 0xff, 0xff, 0xff, 0x0f, 0})) == Numbers{"536870911"});
}

TEST_CASE("ill-formed fields end a message", "[protobuf]") {
  const std::string eof = "unexpected EOF";
  for (const std::string& cut :
       {Bytes({0x08}), Bytes({0x08, 0x80}), Bytes({0x80}), Bytes({0x11, 1, 2, 3, 4, 5, 6, 7}),
        Bytes({0x1d, 1, 2, 3}), Bytes({0x22}), Bytes({0x22, 2, 'a'}), Bytes({0x2b}),
        Bytes({0x2b, 0x2b, 0x2c}),
        Bytes({0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})}) {
    CHECK(Fields(cut) == Numbers{eof});
  }
  const std::string overlong(10, '\xff');
  CHECK(Fields(Bytes({0x08}) + overlong + "\x01") == Numbers{"proto: integer overflow"});
  CHECK(Fields(overlong + "\x01") == Numbers{"proto: integer overflow"});
  CHECK(Fields(Bytes({0x00, 0})) == Numbers{"proto: illegal tag 0 (wire type 0)"});
  CHECK(Fields(Bytes({0xfa, 0xff, 0xff, 0xff, 0x7f, 0})) ==
        Numbers{"proto: illegal tag -1 (wire type 2)"});
  CHECK(Fields(Bytes({0x0c})) == Numbers{"proto: illegal wireType 4"});
  CHECK(Fields(Bytes({0x0e})) == Numbers{"proto: illegal wireType 6"});
  CHECK(Fields(Bytes({0x0f})) == Numbers{"proto: illegal wireType 7"});
}

TEST_CASE("a varint of ten bytes loses what does not fit", "[protobuf]") {
  const std::string minus_one = std::string(9, '\xff') + '\x01';
  const std::string more = std::string(9, '\xff') + '\x7f';
  for (const std::string& bytes : {minus_one, more}) {
    const char* p = bytes.data();
    uint64_t value = 0;
    REQUIRE(ReadVarint(p, p + bytes.size(), value));
    CHECK(value == UINT64_MAX);
    CHECK(p == bytes.data() + bytes.size());
  }
}

TEST_CASE("repeated numbers may be packed or not", "[protobuf]") {
  // Deltas 1 and -1: packed, apart, and packed in two.
  const std::string head = Bytes({0x62, 2, 0x10, 2});  // positive_span { length: 2 }
  for (const std::string& deltas :
       {Bytes({0x6a, 2, 2, 1}), Bytes({0x68, 2, 0x68, 1}), Bytes({0x6a, 1, 2, 0x6a, 1, 1})}) {
    const std::string histogram = head + deltas;
    std::string metric = Bytes({0x3a, static_cast<int>(histogram.size())}) + histogram;
    metric = Bytes({0x22, static_cast<int>(metric.size())}) + metric;
    std::string page;
    test::AppendMessage(Bytes({0x0a, 1, 'h', 0x18, 4}) + metric, page);
    const test::ReadPage read = Read(page, {.native = true});
    CHECK(read.error.empty());
    // The second one is empty.
    CHECK(read.entries.back() ==
          "h{} integer schema=0 count=0 sum=0.0 zero=0.0:0 negative= positive=[0:1] 1");
  }
}

TEST_CASE("a page is refused where a known field has another wire type", "[protobuf]") {
  const auto error_of = [](const std::string& message) {
    std::string page;
    test::AppendMessage(message, page);
    return Read(page, {.native = true}).error;
  };
  CHECK(error_of(Bytes({0x08, 1})) == "proto: wrong wireType = 0 for field Name");
  CHECK(error_of(Bytes({0x23, 0x24})) == "proto: wrong wireType = 3 for field Metric");
  const std::string head = Bytes({0x0a, 1, 'm', 0x18, 1});
  CHECK(error_of(head + Bytes({0x22, 2, 0x08, 1})) == "proto: wrong wireType = 0 for field Label");
  CHECK(error_of(head + Bytes({0x22, 4, 0x12, 2, 0x08, 1})) ==
        "proto: wrong wireType = 0 for field Value");
  CHECK(error_of(head + Bytes({0x22, 3, 0x12, 9, 0})) == "unexpected EOF");
  CHECK(error_of(head + Bytes({0x22, 2, 0x32, 0})) ==
        "proto: wrong wireType = 2 for field TimestampMs");
  CHECK(error_of(Bytes({0x0a, 1, 'm', 0x18, 6, 0x22, 0})) ==
        "unknown metric type for metric \"m\": 6");
  // Unknown ones may be anything.
  CHECK(error_of(head + Bytes({0x33, 0x34, 0x22, 3, 0x4b, 0x4c, 0x32 - 2, 0x31, 7})) != "");
  CHECK(error_of(head + Bytes({0x33, 0x34, 0x22, 2, 0x4b, 0x4c})).empty());
}

TEST_CASE("text that is not UTF-8 and labels without a name are refused", "[protobuf]") {
  // The encoder would complain of what is no UTF-8: each Z becomes such a byte.
  const auto error_of = [](const std::string& text) {
    std::string page = test::PageOf({text});
    std::replace(page.begin(), page.end(), 'Z', '\xff');
    return Read(page, {}).error;
  };
  CHECK(error_of("name: 'aZ' metric {}") == "invalid metric name: \"a\\xff\"");
  CHECK(error_of("name: 'a' help: 'Z' metric {}") == "invalid help for metric \"a\": \"\\xff\"");
  CHECK(error_of("name: 'a' metric { label { name: 'Z' } }") == "invalid label name: \"\\xff\"");
  CHECK(error_of("name: 'a' metric { label { name: 'l' value: 'Z' } }") ==
        "invalid label value: \"\\xff\"");
  // An exemplar that nobody could be sent is left out.
  const std::string exemplar =
      "exemplar { label { name: 'trace' value: 'Z' } value: 1 timestamp { seconds: 1 } }";
  std::string page = test::PageOf({"name: 'a' metric { counter { value: 1 " + exemplar + "} }"});
  std::replace(page.begin(), page.end(), 'Z', '\xff');
  CHECK(Read(page, {}).entries.back() == "a{} 1.0");
}

}  // namespace
}  // namespace sluice::scrape
