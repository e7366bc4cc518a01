#include "scrape/message_stream.h"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "protobuf_support.h"

namespace sluice::scrape {
namespace {

// Messages, and the error at the end of them if there is one.
std::vector<std::string> Split(const std::vector<std::string>& pieces) {
  std::vector<std::string> messages;
  MessageStream stream;
  for (const std::string& piece : pieces) {
    const auto bytes = std::make_unique<char[]>(piece.size());
    std::copy(piece.begin(), piece.end(), bytes.get());
    stream.Feed({bytes.get(), piece.size()});
    while (true) {
      std::string_view message;
      const Result<bool> next = stream.Next(message);
      if (!next.ok()) {
        messages.push_back("error: " + next.error().message);
        return messages;
      }
      if (!*next) break;
      messages.emplace_back(message);
    }
  }
  if (Status status = stream.End(); !status.ok()) {
    messages.push_back("error: " + status.error().message);
  }
  return messages;
}

TEST_CASE("messages come out as they went in, however their bytes are cut", "[protobuf]") {
  const auto seed = GENERATE(take(30, random(1U, 1'000'000'000U)));
  CAPTURE(seed);
  std::mt19937_64 rng(seed);
  std::vector<std::string> messages(rng() % 20);
  std::string stream;
  for (std::string& message : messages) {
    // Lengths on both sides of the places where a length needs one more byte.
    constexpr size_t kSizes[] = {0, 1, 126, 127, 128, 129, 16'383, 16'384, 40'000};
    message.assign(kSizes[rng() % std::size(kSizes)], static_cast<char>('a' + rng() % 26));
    test::AppendMessage(message, stream);
  }
  std::vector<std::string> pieces;
  for (size_t at = 0; at < stream.size();) {
    pieces.push_back(stream.substr(at, rng() % 3 == 0 ? rng() % 3 : rng() % 20'000));
    at += pieces.back().size();
  }
  CHECK(Split(pieces) == messages);
}

TEST_CASE("a body that ends within a message is an error, at whatever byte", "[protobuf]") {
  std::string stream;
  test::AppendMessage(std::string(200, 'x'), stream);
  REQUIRE(stream.size() == 202);
  CHECK(Split({stream.substr(0, 0)}).empty());
  CHECK(Split({stream.substr(0, 1)}) ==
        std::vector<std::string>{
            "error: insufficient length of buffer, expected at least 2 bytes, got 1 bytes"});
  for (size_t size = 2; size < stream.size(); ++size) {
    CHECK(Split({stream.substr(0, size)}) ==
          std::vector<std::string>{
              "error: insufficient length of buffer, expected at least 202 bytes, got " +
              std::to_string(size) + " bytes"});
  }
}

TEST_CASE("a length is a varint of at most five bytes and not above the bound", "[protobuf]") {
  const std::vector<std::string> invalid = {"error: invalid varint encountered"};
  CHECK(Split({std::string(5, '\xff') + "\x01"}) == invalid);
  CHECK(Split({"\xff\xff", "\xff\xff\xff"}) == invalid);
  const std::vector<std::string> large = {"error: metric family too large"};
  CHECK(Split({"\x81\x80\x80\x20"}) == large);
  CHECK(Split({"\x81\x80", "\x80\x20"}) == large);
  CHECK(Split({"\xff\xff\xff\xff\x7f"}) == large);
  // Exactly the bound is only unfinished.
  CHECK(Split({std::string("\x80\x80\x80\x20", 4)}).front().find("insufficient") !=
        std::string::npos);
}

}  // namespace
}  // namespace sluice::scrape
