#include "agent/supervisor.h"

#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "tests/support/temp_dir.h"

namespace sluice::agent {
namespace {

// The other end: a service manager that listens.
class Listener {
 public:
  explicit Listener(const std::string& address) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un own{};
    own.sun_family = AF_UNIX;
    std::memcpy(own.sun_path, address.data(), address.size());
    if (address[0] == '@') own.sun_path[0] = '\0';
    const auto size = offsetof(sockaddr_un, sun_path) + address.size();
    REQUIRE(bind(socket_, reinterpret_cast<const sockaddr*>(&own), static_cast<socklen_t>(size)) ==
            0);
  }

  ~Listener() { close(socket_); }

  // What has arrived; empty when nothing has.
  std::string Next() const {
    std::array<char, 4096> message{};
    const ssize_t size = recv(socket_, message.data(), message.size(), MSG_DONTWAIT);
    return size > 0 ? std::string(message.data(), static_cast<size_t>(size)) : "";
  }

 private:
  int socket_;
};

Environment With(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST_CASE("a service manager is told each state in the words of its protocol") {
  const test::TempDir folder;
  const std::string path = folder.File("notify");
  const std::string abstract = "@sluice-supervisor-test-" + std::to_string(getpid());
  for (const std::string& address : {path, abstract}) {
    const Listener listener(address);
    const Supervisor supervisor(With({{"NOTIFY_SOCKET", address}}), 1);
    REQUIRE(supervisor.status().ok());
    supervisor.Ready();
    CHECK(listener.Next() == "READY=1");
    supervisor.Reloading(MonotonicTime(std::chrono::seconds(12)));
    CHECK(listener.Next() == "RELOADING=1\nMONOTONIC_USEC=12000000");
    supervisor.Describe("line one\nREADY=1");
    CHECK(listener.Next() == "STATUS=line one READY=1");
    supervisor.KeepAlive();
    CHECK(listener.Next() == "WATCHDOG=1");
    supervisor.AskForTime(std::chrono::seconds(3));
    CHECK(listener.Next() == "EXTEND_TIMEOUT_USEC=3000000");
    supervisor.Stopping();
    CHECK(listener.Next() == "STOPPING=1");
  }
}

TEST_CASE("a watchdog is fed twice in its time, by the process that it watches") {
  const test::TempDir folder;
  const std::string address = folder.File("notify");
  const Listener listener(address);
  const auto interval = [&](const std::string& timeout, const std::string& process) {
    return Supervisor(With({{"NOTIFY_SOCKET", address},
                            {"WATCHDOG_USEC", timeout},
                            {"WATCHDOG_PID", process}}),
                      77)
        .keep_alive_interval();
  };
  CHECK(interval("60000000", "77") == std::chrono::seconds(30));
  CHECK_FALSE(interval("60000000", "78"));
  CHECK_FALSE(interval("60 s", "77"));
  CHECK_FALSE(interval("0", "77"));
  CHECK_FALSE(Supervisor(With({{"NOTIFY_SOCKET", address}}), 77).keep_alive_interval());
}

TEST_CASE("without a service manager nothing is told, and one that is not there is named") {
  const Supervisor nobody(With({{"WATCHDOG_USEC", "1000000"}}), 1);
  CHECK(nobody.status().ok());
  CHECK_FALSE(nobody.keep_alive_interval());
  nobody.Ready();
  const test::TempDir folder;
  for (const std::string& address :
       {folder.File("nobody"), std::string("relative"), "/" + std::string(200, 'x')}) {
    const Supervisor supervisor(With({{"NOTIFY_SOCKET", address}}), 1);
    REQUIRE_FALSE(supervisor.status().ok());
    CHECK(supervisor.status().error().message.find(address) != std::string::npos);
    supervisor.Ready();
  }
}

}  // namespace
}  // namespace sluice::agent
