#include "base/internal/plain_http.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/hash.h"

namespace sluice::internal {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr size_t kReceiveBytes = 256 * 1024;
// At a time, so that a large body does not hold up the others.
constexpr int kReceivesPerTurn = 8;
// Longer than the longest usual scrape interval, so that such targets keep their connection too.
constexpr std::chrono::seconds kIdleMax{600};
constexpr uint16_t kDefaultPort = 80;

bool ParsePort(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && port != 0;
}

socklen_t FillAddress(const PlainEndpoint& endpoint, sockaddr_storage& storage) {
  if (endpoint.v6) {
    auto& address = reinterpret_cast<sockaddr_in6&>(storage);
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    std::memcpy(&address.sin6_addr, endpoint.address.data(), 16);
    return sizeof(address);
  }
  auto& address = reinterpret_cast<sockaddr_in&>(storage);
  address.sin_family = AF_INET;
  address.sin_port = htons(endpoint.port);
  std::memcpy(&address.sin_addr, endpoint.address.data(), 4);
  return sizeof(address);
}

bool HasBytes(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// As send(), of what is not yet sent of both.
ssize_t SendRest(int fd, std::string_view head, std::string_view body, size_t sent) {
  const std::string_view head_rest = head.substr(std::min(sent, head.size()));
  if (body.empty()) return send(fd, head_rest.data(), head_rest.size(), MSG_NOSIGNAL);
  const std::string_view body_rest = body.substr(sent - (head.size() - head_rest.size()));
  // sendmsg() only reads.
  std::array<iovec, 2> parts = {{{const_cast<char*>(head_rest.data()), head_rest.size()},
                                 {const_cast<char*>(body_rest.data()), body_rest.size()}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return sendmsg(fd, &message, MSG_NOSIGNAL);
}

// Whether an idle connection is as it was left: neither closed nor spoken to.
bool IsQuiet(int fd) {
  char byte = 0;
  return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

}  // namespace

size_t PlainEndpoint::Hash::operator()(const PlainEndpoint& endpoint) const {
  const auto* const bytes = reinterpret_cast<const char*>(endpoint.address.data());
  return XxHash64({bytes, endpoint.address.size()}) ^ endpoint.port;
}

std::optional<PlainUrl> PlainUrl::Parse(std::string_view url) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != '\\'; };
  if (!url.starts_with(kScheme) || !std::all_of(url.begin(), url.end(), is_plain)) return {};
  url.remove_prefix(kScheme.size());
  const size_t host_end = std::min(url.find_first_of("/?#"), url.size());
  PlainUrl parsed;
  parsed.host = url.substr(0, host_end);
  parsed.target = url.substr(host_end);
  if (parsed.target.empty()) parsed.target = "/";
  if (parsed.target.front() != '/' || parsed.target.find('#') != std::string_view::npos) return {};

  PlainEndpoint& endpoint = parsed.endpoint;
  endpoint.v6 = parsed.host.starts_with('[');
  const size_t colon =
      endpoint.v6 ? parsed.host.find(']') + 1 : std::min(parsed.host.find(':'), parsed.host.size());
  if (endpoint.v6 && colon == 0) return {};
  const std::string_view port = parsed.host.substr(colon);
  endpoint.port = kDefaultPort;
  if (!port.empty() && (port.front() != ':' || !ParsePort(port.substr(1), endpoint.port)))
    return {};
  // What is left out in the header Host would be another text.
  if (endpoint.port == kDefaultPort && !port.empty()) parsed.host = parsed.host.substr(0, colon);
  const std::string address(endpoint.v6 ? parsed.host.substr(1, colon - 2)
                                        : parsed.host.substr(0, colon));
  if (inet_pton(endpoint.v6 ? AF_INET6 : AF_INET, address.c_str(), endpoint.address.data()) != 1) {
    return {};
  }
  return parsed;
}

PlainHttp::PlainHttp(int epoll_fd, size_t idle_connections_max)
    : epoll_fd_(epoll_fd), idle_max_(idle_connections_max) {}

PlainHttp::~PlainHttp() {
  for (const auto& [id, connection] : connections_) close(connection.fd);
}

bool PlainHttp::Begin(HttpTransfer& transfer, const std::string& user_agent, SteadyTime now) {
  if (!transfer.IsPlain()) return false;
  const std::optional<PlainUrl> url = PlainUrl::Parse(transfer.url());
  if (!url.has_value()) return false;
  auto at = TakeIdle(url->endpoint, transfer.request().connection_age_max, now);
  if (at == connections_.end()) at = Open(url->endpoint, now);
  if (at == connections_.end()) {
    transfer.EndPlain({.os_error = errno});
    ended_.push_back({transfer.id(), CURLE_COULDNT_CONNECT});
    return true;
  }
  Assign(at, transfer, transfer.PlainHead(url->host, url->target, user_agent));
  Send(at, now);
  return true;
}

PlainHttp::Connections::iterator PlainHttp::TakeIdle(const PlainEndpoint& endpoint,
                                                     std::chrono::seconds age_max, SteadyTime now) {
  while (true) {
    const auto origin = origins_.find(endpoint);
    if (origin == origins_.end() || origin->second.idle.empty()) return connections_.end();
    const auto at = connections_.find(origin->second.idle.back());
    LeaveIdle(at);
    const bool aged = age_max.count() > 0 && now - at->second.opened > age_max;
    if (!aged && now - at->second.used <= kIdleMax) return at;
    Forget(at);
  }
}

PlainHttp::Connections::iterator PlainHttp::Open(const PlainEndpoint& endpoint, SteadyTime now) {
  const int fd = socket(endpoint.v6 ? AF_INET6 : AF_INET,
                        SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return connections_.end();
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
  const uint64_t id = ++last_id_;
  // Once for the life of the connection: an event for each change, not for each state.
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = kEventBit | id;
  sockaddr_storage address{};
  const socklen_t size = FillAddress(endpoint, address);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0 ||
      (connect(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 &&
       errno != EINPROGRESS)) {
    const int os_error = errno;
    close(fd);
    errno = os_error;
    return connections_.end();
  }
  Connection connection;
  connection.fd = fd;
  connection.origin = &*origins_.try_emplace(endpoint).first;
  ++connection.origin->second.connections;
  connection.opened = now;
  return connections_.emplace(id, std::move(connection)).first;
}

void PlainHttp::Assign(Connections::iterator at, HttpTransfer& transfer, std::string head) {
  Connection& connection = at->second;
  transfer.AttachPlain(at->first);
  connection.transfer = &transfer;
  if (connection.deadline_node.empty()) {
    connection.deadline_at = deadlines_.emplace(transfer.deadline(), at->first).first;
  } else {
    connection.deadline_node.value() = {transfer.deadline(), at->first};
    connection.deadline_at = deadlines_.insert(std::move(connection.deadline_node)).position;
  }
  connection.head = std::move(head);
  connection.body = transfer.PlainBody();
  connection.sent = 0;
  connection.reader = ResponseReader();
}

void PlainHttp::Unassign(Connection& connection) {
  connection.deadline_node = deadlines_.extract(connection.deadline_at);
  connection.transfer = nullptr;
}

void PlainHttp::Forget(Connections::iterator at) {
  close(at->second.fd);
  const Origins::pointer origin = at->second.origin;
  if (--origin->second.connections == 0) origins_.erase(origins_.find(origin->first));
  connections_.erase(at);
}

void PlainHttp::Drop(const HttpTransfer& transfer) {
  if (!transfer.plain_connection().has_value()) return;
  const auto at = connections_.find(*transfer.plain_connection());
  Unassign(at->second);
  Forget(at);
}

void PlainHttp::OnEvent(uint64_t event, uint32_t events, SteadyTime now) {
  const uint64_t id = event & ~kEventBit;
  auto at = connections_.find(id);
  if (at == connections_.end()) return;  // closed meanwhile
  Connection& connection = at->second;
  if (connection.transfer == nullptr) {
    if (!connection.connected || IsQuiet(connection.fd)) return;
    LeaveIdle(at);
    Forget(at);
    return;
  }
  if (!connection.connected) {
    int os_error = 0;
    socklen_t size = sizeof(os_error);
    getsockopt(connection.fd, SOL_SOCKET, SO_ERROR, &os_error, &size);
    if (os_error != 0) return End(at, CURLE_COULDNT_CONNECT, os_error, {});
    if ((events & EPOLLOUT) == 0) return;
  }
  if (!connection.all_sent()) {
    Send(at, now);
    at = connections_.find(id);
    if (at == connections_.end() || at->second.transfer == nullptr) return;
  }
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) Receive(at, now);
}

void PlainHttp::Send(Connections::iterator at, SteadyTime now) {
  Connection& connection = at->second;
  while (!connection.all_sent()) {
    const ssize_t put = SendRest(connection.fd, connection.head, connection.body, connection.sent);
    if (put >= 0) {
      connection.connected = true;
      connection.sent += static_cast<size_t>(put);
      continue;
    }
    const int os_error = errno;
    if (os_error == EINTR) continue;
    // A socket that is not connected yet says ENOTCONN or EAGAIN.
    if (os_error != EAGAIN && os_error != ENOTCONN) OnSendError(at, os_error, now);
    return;
  }
}

void PlainHttp::OnSendError(Connections::iterator at, int os_error, SteadyTime now) {
  Connection& connection = at->second;
  if (!connection.connected) return End(at, CURLE_COULDNT_CONNECT, os_error, {});
  // Who wants no more of a body may have said why.
  if (!connection.body.empty() && HasBytes(connection.fd)) return Receive(at, now);
  if (!SendAgain(at, now)) End(at, CURLE_SEND_ERROR, os_error, {});
}

void PlainHttp::Receive(Connections::iterator at, SteadyTime now) {
  if (received_.empty()) received_.resize(kReceiveBytes);
  Connection& connection = at->second;
  for (int turn = 0; turn < kReceivesPerTurn; ++turn) {
    const ssize_t got = recv(connection.fd, received_.data(), received_.size(), 0);
    if (got < 0) {
      const int os_error = errno;
      if (os_error == EAGAIN) return;
      if (os_error == EINTR) continue;
      if (!SendAgain(at, now)) End(at, CURLE_RECV_ERROR, os_error, {});
      return;
    }
    if (got == 0) {
      if (!SendAgain(at, now)) OnState(at, connection.reader.End(), now);
      return;
    }
    const std::string_view bytes(received_.data(), static_cast<size_t>(got));
    if (!OnState(at, connection.reader.Read(bytes, *connection.transfer), now)) return;
  }
  unread_.push_back(at->first);
}

// Whether there is more to come.
bool PlainHttp::OnState(Connections::iterator at, ResponseReader::State state, SteadyTime now) {
  using State = ResponseReader::State;
  switch (state) {
    case State::kMore:
      return true;
    case State::kDone:
      Release(at, now);
      break;
    case State::kStopped:
      End(at, CURLE_WRITE_ERROR, 0, {});
      break;
    case State::kNoHttp:
      End(at, CURLE_UNSUPPORTED_PROTOCOL, 0, kNoHttpText);
      break;
    case State::kLineTooLong:
      End(at, CURLE_OUT_OF_MEMORY, 0, {});
      break;
    case State::kBadLength:
      End(at, CURLE_WEIRD_SERVER_REPLY, 0, "Invalid Content-Length");
      break;
    case State::kBadBody:
      End(at, CURLE_RECV_ERROR, 0, "malformed chunk");
      break;
    case State::kTruncated:
      End(at, CURLE_PARTIAL_FILE, 0, {});
      break;
    case State::kNothing:
      End(at, CURLE_GOT_NOTHING, 0, {});
      break;
  }
  return false;
}

void PlainHttp::Release(Connections::iterator at, SteadyTime now) {
  Connection& connection = at->second;
  HttpTransfer& transfer = *connection.transfer;
  transfer.EndPlain({.reused = !connection.fresh});
  ended_.push_back({transfer.id(), CURLE_OK});
  Unassign(connection);
  connection.fresh = false;
  connection.used = now;
  const bool is_reusable = connection.reader.reusable() && connection.all_sent();
  if (!is_reusable || idle_max_ == 0) return Forget(at);
  Keep(at);
}

void PlainHttp::Keep(Connections::iterator at) {
  if (idle_order_.size() >= idle_max_) DropOldestIdle();
  Connection& connection = at->second;
  connection.head = {};
  connection.body = {};
  connection.sent = 0;
  connection.origin->second.idle.push_back(at->first);
  if (connection.idle_node.empty()) connection.idle_node.push_back(at->first);
  connection.idle_at = connection.idle_node.begin();
  idle_order_.splice(idle_order_.end(), connection.idle_node);
}

void PlainHttp::DropOldestIdle() {
  const auto oldest = connections_.find(idle_order_.front());
  LeaveIdle(oldest);
  Forget(oldest);
}

void PlainHttp::LeaveIdle(Connections::iterator at) {
  Connection& connection = at->second;
  std::erase(connection.origin->second.idle, at->first);
  connection.idle_node.splice(connection.idle_node.end(), idle_order_, connection.idle_at);
}

bool PlainHttp::SendAgain(Connections::iterator at, SteadyTime now) {
  if (at->second.fresh || at->second.reader.begun()) return false;
  HttpTransfer& transfer = *at->second.transfer;
  std::string head = std::move(at->second.head);
  const PlainEndpoint endpoint = at->second.origin->first;
  Unassign(at->second);
  Forget(at);
  const auto opened = Open(endpoint, now);
  if (opened == connections_.end()) {
    transfer.EndPlain({.os_error = errno});
    ended_.push_back({transfer.id(), CURLE_COULDNT_CONNECT});
    return true;
  }
  Assign(opened, transfer, std::move(head));
  Send(opened, now);
  return true;
}

void PlainHttp::End(Connections::iterator at, CURLcode code, int os_error,
                    std::string_view detail) {
  HttpTransfer& transfer = *at->second.transfer;
  transfer.EndPlain({.reused = !at->second.fresh, .os_error = os_error, .detail = detail});
  ended_.push_back({transfer.id(), code});
  Unassign(at->second);
  Forget(at);
}

void PlainHttp::Advance(SteadyTime now) {
  for (const uint64_t id : std::exchange(unread_, {})) {
    const auto at = connections_.find(id);
    if (at != connections_.end() && at->second.transfer != nullptr) Receive(at, now);
  }
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    End(connections_.find(deadlines_.begin()->second), CURLE_OPERATION_TIMEDOUT, 0, {});
  }
  const auto is_too_old = [&](uint64_t id) {
    return now - connections_.find(id)->second.used > kIdleMax;
  };
  while (!idle_order_.empty() && is_too_old(idle_order_.front())) DropOldestIdle();
}

std::optional<PlainHttp::SteadyTime> PlainHttp::NextTime() const {
  if (!unread_.empty() || !ended_.empty()) return SteadyTime::min();
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

}  // namespace sluice::internal
