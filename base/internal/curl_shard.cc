#include "base/internal/curl_shard.h"

#include <sys/epoll.h>

#include "base/result.h"

namespace sluice::internal {
namespace {

uint64_t EventKey(const CurlShard& shard, curl_socket_t fd) {
  return (uint64_t{shard.index} << 32) | static_cast<uint32_t>(fd);
}

int OnSocket(CURL* /*easy*/, curl_socket_t fd, int what, void* shard_data, void* /*socket_data*/) {
  const auto* shard = static_cast<CurlShard*>(shard_data);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(shard->epoll_fd, EPOLL_CTL_DEL, fd, nullptr);
    return 0;
  }
  epoll_event event{};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  event.data.u64 = EventKey(*shard, fd);
  // libcurl does not say whether the socket is new to us.
  if (epoll_ctl(shard->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0) return 0;
  // An error told to libcurl would make the whole multi handle unusable. Without a watch this one
  // transfer ends by its timeout instead.
  epoll_ctl(shard->epoll_fd, EPOLL_CTL_ADD, fd, &event);
  return 0;
}

int OnTimer(CURLM* /*multi*/, long timeout_ms, void* shard_data) {
  auto* shard = static_cast<CurlShard*>(shard_data);
  if (timeout_ms < 0) {
    shard->deadline.reset();
  } else {
    shard->deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

}  // namespace

void CurlShard::Open() {
  multi = curl_multi_init();
  SLUICE_CHECK(multi != nullptr);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &OnSocket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &OnTimer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
}

int CurlShard::ActionsOf(uint32_t epoll_events) {
  int mask = 0;
  if ((epoll_events & EPOLLIN) != 0) mask |= CURL_CSELECT_IN;
  if ((epoll_events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
  if ((epoll_events & (EPOLLERR | EPOLLHUP)) != 0) mask |= CURL_CSELECT_ERR;
  return mask;
}

}  // namespace sluice::internal
