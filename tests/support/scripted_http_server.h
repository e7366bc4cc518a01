// A loopback HTTP/1.1 server for tests, whose answers, and faults, are a function of the request.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::test {

struct ScriptedRequest {
  std::string method;
  std::string target;  // as sent, with the query
  std::map<std::string, std::string>
      headers;  // names in lower case; what comes again is joined by ", "
  std::string body;
  uint64_t connection = 0;  // counts accepted connections, from 1
};

enum class Fault {
  kNone,
  kHang,          // no answer until ReleaseHanging(), then this response; or until the server stops
  kHangMidBody,   // head and half of the body, then as kHang
  kClose,         // closes instead of answering
  kCloseMidBody,  // head and half of the body, then closes
  kReset,         // resets the connection (RST) instead of answering
  kResetMidBody,  // head and half of the body, then RST
};

struct ScriptedResponse {
  int status = 200;
  std::string reason = {};  // empty: the usual one
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  // When not empty: sent instead of `body`, as one HTTP chunk each.
  std::vector<std::string> chunks = {};
  std::optional<size_t> content_length = {};  // a wrong one, instead of the body's size
  bool until_close = false;                   // no length: the body ends where the connection does
  bool close = false;                         // closes after the response
  std::string raw = {};                       // when not empty: sent instead of all of the above
  Fault fault = Fault::kNone;
};

// Listens on 127.0.0.1 at a free port, from construction on. One thread, which runs the script.
// Thread-safe.
class ScriptedHttpServer {
 public:
  using Script = std::function<ScriptedResponse(const ScriptedRequest&)>;

  explicit ScriptedHttpServer(Script script);
  ~ScriptedHttpServer();
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  std::string address() const;  // "127.0.0.1:PORT"
  std::string Url(std::string_view target = "/") const;

  // Everything asked so far, in order.
  std::vector<ScriptedRequest> requests() const;
  size_t request_count() const;
  size_t connection_count() const;  // accepted so far

  // Whether `count` requests arrived before the deadline.
  bool WaitForRequests(size_t count,
                       std::chrono::milliseconds deadline = std::chrono::seconds(20)) const;

  // Answers all requests that hang now.
  void ReleaseHanging();

  // Replaces the script for requests to come.
  void SetScript(Script script);

  // Refuses connections, and resets those that are open, until ComeUp(). The port stays reserved.
  void GoDown();
  void ComeUp();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::test
