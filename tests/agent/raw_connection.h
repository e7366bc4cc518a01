// A TCP client that says exactly what a test wants, for requests that no HTTP client would send.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace sluice::test {

class RawConnection {
 public:
  // `address` is "127.0.0.1:PORT".
  explicit RawConnection(const std::string& address);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  // Sends what the peer takes; errors are ignored, as the peer may have closed for good reason.
  void Send(std::string_view bytes);

  // Nothing more will be sent.
  void SendEnd();

  // Everything until the peer closes, or has been silent for long.
  std::string ReadToEnd();

  // As ReadToEnd(), but only up to the first end of `mark`; the rest is for the next call.
  std::string ReadUntil(std::string_view mark);

 private:
  bool ReadSome();

  int fd_ = -1;
  std::string received_;
};

}  // namespace sluice::test
