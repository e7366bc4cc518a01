#include "base/utf8.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice {
namespace {

TEST_CASE("text is quoted with Go's escapes", "[base]") {
  CHECK(QuoteText("plain ä") == "\"plain ä\"");
  CHECK(QuoteText("\a\b\f\n\r\t\v\"\\") == R"("\a\b\f\n\r\t\v\"\\")");
  CHECK(QuoteText(std::string_view("\0\x7f\xfe", 3)) == R"("\x00\x7f\xfe")");
  CHECK(QuoteText("\xc2\x85") == R"("\u0085")");
}

TEST_CASE("runes survive being read and written", "[base]") {
  for (const char32_t code : {U'a', U'ä', U'€', U'😀', char32_t{0x10ffff}}) {
    std::string text;
    AppendRune(code, text);
    const Rune rune = DecodeRune(text + "x");
    CHECK(rune.valid);
    CHECK(rune.code == code);
    CHECK(rune.size == text.size());
  }
  CHECK_FALSE(DecodeRune("\xe2\x82").valid);
  CHECK(DecodeRune("\xe2\x82").size == 1);
}

TEST_CASE("only bytes that are no UTF-8 are replaced", "[base]") {
  const auto expect = [](const std::string& input, const std::string& want) {
    CAPTURE(input);
    CHECK(ReplaceInvalidUtf8(input) == want);
  };
  const std::string bad = "\xef\xbf\xbd";
  expect("", "");
  expect("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
  expect("\x80", bad);                                // a continuation alone
  expect("\xc0\x80", bad + bad);                      // overlong, two bytes
  expect("\xe0\x80\x80", bad + bad + bad);            // overlong, three
  expect("\xf0\x80\x80\x80", bad + bad + bad + bad);  // overlong, four
  expect("\xed\xa0\x80", bad + bad + bad);            // a surrogate
  expect("\xed\x9f\xbf", "\xed\x9f\xbf");             // the last before them
  expect("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");     // U+10FFFF
  expect("\xf4\x90\x80\x80", bad + bad + bad + bad);  // beyond it
  expect("\xe2\x82", bad + bad);                      // truncated
  expect("\xe2\x82z", bad + bad + "z");
}

TEST_CASE("a text is UTF-8 or not wherever the byte stands that decides it", "[base]") {
  for (size_t size = 0; size < 20; ++size) {
    for (size_t at = 0; at <= size; ++at) {
      CAPTURE(size, at);
      const std::string ascii(size, 'a');
      CHECK(IsValidUtf8(ascii));
      for (const std::string part : {"\xc3\xa4", "\xf0\x9f\x98\x80", "\x7f"}) {
        CHECK(IsValidUtf8(std::string(ascii).insert(at, part)));
        CHECK(IsValidUtf8(std::string(ascii).insert(at, part + part)));
      }
      for (const std::string part : {"\xff", "\x80", "\xc3", "\xf0\x9f\x98"}) {
        CHECK_FALSE(IsValidUtf8(std::string(ascii).insert(at, part)));
      }
    }
  }
}

}  // namespace
}  // namespace sluice
