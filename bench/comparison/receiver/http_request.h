// Just enough of HTTP/1.1 to receive POSTs: a blocking reader over one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

struct HttpRequest {
  std::string encoding;   // Content-Encoding
  bool version2 = false;  // remote write 2.0
  std::string_view body;  // valid until the next read
};

// Does not own the socket. Thread-compatible.
class HttpReader {
 public:
  HttpReader(int socket, size_t body_max) : socket_(socket), body_max_(body_max) {}

  // Waits for a whole request; false when the connection ended or what came is none.
  bool Next(HttpRequest& request);

  // Answers 204, with the headers that a receiver of 2.0 must give. Samples written: of any kind.
  bool Answer(uint64_t samples_written);

 private:
  bool ReadMore(size_t wanted);

  int socket_;
  size_t body_max_;
  std::string memory_;
  size_t consumed_ = 0;  // of memory_, by the request before
  size_t filled_ = 0;
};

}  // namespace sluice::bench
