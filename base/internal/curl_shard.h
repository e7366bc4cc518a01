// One libcurl multi handle, whose sockets are watched by an epoll that others share.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <curl/curl.h>

namespace sluice::internal {

// Bound to the thread of its loop. Its address is known to libcurl once it is open: it never moves
// from then on. Whoever opens it cleans `multi` up.
struct CurlShard {
  CURLM* multi = nullptr;
  uint32_t index = 0;  // the upper half of the number of its events; the lower one is the socket
  int epoll_fd = -1;
  std::optional<std::chrono::steady_clock::time_point> deadline;  // of libcurl's one timer
  bool touched = false;  // may have ended transfers to tell about

  void Open();

  // What happened to a socket, in libcurl's words.
  static int ActionsOf(uint32_t epoll_events);
};

}  // namespace sluice::internal
