#include "agent/supervisor.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace sluice::agent {
namespace {

using std::chrono::microseconds;

// A manager that does not read must not hold us up.
constexpr timeval kSendTimeout{.tv_sec = 1, .tv_usec = 0};

std::optional<int64_t> Number(const std::optional<std::string>& text) {
  int64_t number = 0;
  if (!text || text->empty()) return std::nullopt;
  const char* const end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || rest != end || number <= 0) return std::nullopt;
  return number;
}

// Twice within the time that the manager waits.
std::optional<microseconds> KeepAliveInterval(const Environment& environment, int64_t process) {
  const auto timeout = Number(environment("WATCHDOG_USEC"));
  const auto meant = Number(environment("WATCHDOG_PID"));
  if (!timeout || (meant && *meant != process)) return std::nullopt;
  return microseconds(*timeout / 2);
}

}  // namespace

Supervisor::Supervisor(const Environment& environment, int64_t process) {
  const std::string address = environment("NOTIFY_SOCKET").value_or("");
  if (address.empty()) return;
  status_ = Connect(address);
  if (socket_ >= 0) keep_alive_ = KeepAliveInterval(environment, process);
}

Supervisor::~Supervisor() {
  if (socket_ >= 0) close(socket_);
}

Status Supervisor::Connect(const std::string& address) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  const bool is_abstract = address[0] == '@';
  if ((!is_abstract && address[0] != '/') || address.size() >= sizeof(to.sun_path)) {
    return InvalidInput("NOTIFY_SOCKET: neither a path nor an abstract socket: " + address);
  }
  std::memcpy(to.sun_path, address.data(), address.size());
  if (is_abstract) to.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() +
                                           (is_abstract ? 0 : 1));
  const int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (made < 0) return InvalidInput("NOTIFY_SOCKET: " + std::string(std::strerror(errno)));
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &kSendTimeout, sizeof(kSendTimeout));
  // The compiler's and the kernel's idea of an address differ; that is how sockets are.
  if (connect(made, reinterpret_cast<const sockaddr*>(&to), size) != 0) {
    const std::string reason = std::strerror(errno);
    close(made);
    return InvalidInput("NOTIFY_SOCKET " + address + ": " + reason);
  }
  socket_ = made;
  return Status::Ok();
}

void Supervisor::Reloading(MonotonicTime now) const {
  const auto time = std::chrono::duration_cast<microseconds>(now.time_since_epoch());
  Send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(time.count()));
}

void Supervisor::Describe(std::string_view text) const {
  std::string line = "STATUS=" + std::string(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  Send(line);
}

void Supervisor::AskForTime(microseconds more) const {
  Send("EXTEND_TIMEOUT_USEC=" + std::to_string(more.count()));
}

void Supervisor::Send(std::string_view message) const {
  if (socket_ >= 0) send(socket_, message.data(), message.size(), MSG_NOSIGNAL);
}

}  // namespace sluice::agent
