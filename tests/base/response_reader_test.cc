#include "base/internal/response_reader.h"

#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "base/internal/plain_http.h"

namespace sluice::internal {
namespace {

using State = ResponseReader::State;

struct Recorder final : ResponseSink {
  bool TakeHeaderLine(std::string_view line) override {
    head += line;
    return true;
  }

  bool TakeBody(std::string_view bytes) override {
    body += bytes;
    return true;
  }

  std::string head;
  std::string body;
};

struct Seen {
  State state = State::kMore;
  std::string head;
  std::string body;
  bool reusable = false;

  friend bool operator==(const Seen&, const Seen&) = default;
};

// Gives the text in pieces of at most `step` bytes, then the end of the connection if need be.
Seen ReadInPieces(std::string_view text, size_t step) {
  ResponseReader reader;
  Recorder sink;
  State state = State::kMore;
  while (!text.empty() && state == State::kMore) {
    // What arrives together belongs together; more than that, nobody knows.
    state = reader.Read(text.substr(0, step), sink);
    text.remove_prefix(std::min(step, text.size()));
  }
  if (state == State::kMore) state = reader.End();
  return {state, sink.head, sink.body, reader.reusable()};
}

TEST_CASE("a response ends where its head says", "[http]") {
  struct Case {
    std::string text;
    State state;
    std::string body;
    bool reusable;
  };

  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::vector<Case> cases = {
      {ok + "Content-Length: 5\r\n\r\nhello", State::kDone, "hello", true},
      {ok + "content-length:5 \n\nhello", State::kDone, "hello", true},
      {ok + "Content-Length: 0\r\n\r\n", State::kDone, "", true},
      {ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", State::kDone, "hello", true},
      {ok + "Content-Length: 5\r\nConnection: close\r\n\r\nhello", State::kDone, "hello", false},
      {ok + "Connection: Upgrade, Close\r\nContent-Length: 0\r\n\r\n", State::kDone, "", false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", State::kDone, "hello", false},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", State::kDone, "x",
       true},
      {"HTTP/1.1 204\r\nContent-Length: 5\r\n\r\n", State::kDone, "", true},
      {"HTTP/1.1 304 Not Modified\r\n\r\n", State::kDone, "", true},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + ok +
           "Content-Length: 2\r\n\r\nhi",
       State::kDone, "hi", true},
      {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0A;name=x\r\n0123456789\r\n0\r\n\r\n",
       State::kDone, "hello0123456789", true},
      // Chunks count more than a length.
      {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: 1\r\n\r\n",
       State::kDone, "x", true},
      {ok + "\r\nup to the end", State::kDone, "up to the end", false},
      {ok + "Content-Length: 6\r\n\r\nhello", State::kTruncated, "hello", false},
      {ok + "Content-", State::kTruncated, "", false},
      {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", State::kTruncated, "hello", false},
      {"", State::kNothing, "", false},
      {"HTTP", State::kNoHttp, "", false},
      {"\r\n\r\n", State::kNoHttp, "", true},
      {"220 mail.example\r\n", State::kNoHttp, "", true},
      {" HTTP/1.1 200 OK\r\n\r\n", State::kNoHttp, "", true},
      {"HTTP/1.1 100 Continue\r\n\n\rHTTP/1.1 200 OK\r\n\r\n", State::kNoHttp, "", true},
      {"HTTP/2 200\r\n\r\n", State::kNoHttp, "", true},
      {"HTTP/1.1 2000 OK\r\n\r\n", State::kNoHttp, "", true},
      {ok + "Content-Length: -5\r\n\r\n", State::kBadLength, "", true},
      {ok + "Content-Length: 99999999999999999999\r\n\r\n", State::kBadLength, "", true},
      {ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", State::kBadLength, "", true},
      {ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n", State::kBadBody, "", true},
      {ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n", State::kBadBody, "x", true},
  };
  for (const Case& test : cases) {
    CAPTURE(test.text);
    const Seen whole = ReadInPieces(test.text, test.text.size() + 1);
    CHECK(whole.state == test.state);
    CHECK(whole.body == test.body);
    CHECK(whole.reusable == test.reusable);
    for (size_t step = 1; step < test.text.size(); ++step) {
      CHECK(ReadInPieces(test.text, step) == whole);
    }
  }
}

TEST_CASE("bytes after a response make the connection unfit for another", "[http]") {
  ResponseReader reader;
  Recorder sink;
  CHECK(reader.Read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n", sink) ==
        State::kDone);
  CHECK(sink.body == "x");
  CHECK_FALSE(reader.reusable());
}

TEST_CASE("a line of a head has a bound, and so has one between chunks", "[http]") {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  const std::string longest = "X: " + std::string(ResponseReader::kLineBytesMax - 5, 'x') + "\r\n";
  CHECK(ReadInPieces(ok + longest + "Content-Length: 0\r\n\r\n", 1000).state == State::kDone);
  CHECK(ReadInPieces(ok + "X" + longest + "\r\n", 1000).state == State::kLineTooLong);
  CHECK(ReadInPieces(ok + "Transfer-Encoding: chunked\r\n\r\n" + std::string(200'000, '0'), 1000)
            .state == State::kBadBody);
}

TEST_CASE("a URL is plain when it names an address and needs no encoding", "[http]") {
  const auto shown = [](std::string_view url) {
    const std::optional<PlainUrl> parsed = PlainUrl::Parse(url);
    if (!parsed.has_value()) return std::string("none");
    return std::string(parsed->host) + " " + std::to_string(parsed->endpoint.port) + " " +
           std::string(parsed->target);
  };
  CHECK(shown("http://127.0.0.1:9100/metrics") == "127.0.0.1:9100 9100 /metrics");
  CHECK(shown("http://127.0.0.1/") == "127.0.0.1 80 /");
  CHECK(shown("http://127.0.0.1:80") == "127.0.0.1 80 /");
  CHECK(shown("http://[::1]:9100/a?b=c&d=%20") == "[::1]:9100 9100 /a?b=c&d=%20");
  CHECK(shown("http://[fe80::1]") == "[fe80::1] 80 /");
  for (const std::string_view other : {"https://127.0.0.1/",      "HTTP://127.0.0.1/",
                                       "http://localhost/",       "http://127.1/",
                                       "http://0177.0.0.1/",      "http://user@127.0.0.1/",
                                       "http://127.0.0.1:0/",     "http://127.0.0.1:/",
                                       "http://127.0.0.1:99999/", "http://127.0.0.1:80x/",
                                       "http://[fe80::1%eth0]/",  "http://[::1",
                                       "http://[::1]x/",          "http://::1/",
                                       "http://127.0.0.1?a",      "http://127.0.0.1/#a",
                                       "http://127.0.0.1/a b",    "http://127.0.0.1/\xc3\xa4",
                                       "http://127.0.0.1/a\\b",   "http://"}) {
    CAPTURE(other);
    CHECK(shown(other) == "none");
  }
}

}  // namespace
}  // namespace sluice::internal
