#include "tests/agent/raw_connection.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "base/result.h"

namespace sluice::test {
namespace {

constexpr int kSilenceMs = 20'000;

}  // namespace

RawConnection::RawConnection(const std::string& address) {
  const size_t colon = address.rfind(':');
  SLUICE_CHECK(address.substr(0, colon) == "127.0.0.1");
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  peer.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  SLUICE_CHECK(connect(fd_, reinterpret_cast<sockaddr*>(&peer), sizeof peer) == 0);
}

RawConnection::~RawConnection() { close(fd_); }

void RawConnection::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void RawConnection::SendEnd() { shutdown(fd_, SHUT_WR); }

bool RawConnection::ReadSome() {
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  if (poll(&ready, 1, kSilenceMs) <= 0) return false;
  std::array<char, 16384> buffer{};
  const ssize_t got = recv(fd_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  received_.append(buffer.data(), static_cast<size_t>(got));
  return true;
}

std::string RawConnection::ReadToEnd() {
  while (ReadSome()) {
  }
  return std::exchange(received_, {});
}

std::string RawConnection::ReadUntil(std::string_view mark) {
  while (received_.find(mark) == std::string::npos) {
    if (!ReadSome()) return std::exchange(received_, {});
  }
  const size_t end = received_.find(mark) + mark.size();
  std::string front = received_.substr(0, end);
  received_.erase(0, end);
  return front;
}

}  // namespace sluice::test
