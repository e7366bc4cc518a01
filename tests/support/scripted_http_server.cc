#include "tests/support/scripted_http_server.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/mutex.h"
#include "base/result.h"

namespace sluice::test {
namespace {

using Headers = std::map<std::string, std::string>;

std::string_view UsualReason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 413:
      return "Content Too Large";
    case 429:
      return "Too Many Requests";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Scripted";
  }
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view TakeLine(std::string_view& text) {
  const size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

// Takes one whole request off the front of `input`; false while it is not there yet.
bool TakeRequest(std::string& input, ScriptedRequest& request) {
  const size_t head_end = input.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  std::string_view head(input.data(), head_end);
  const std::string_view first = TakeLine(head);
  const size_t method_end = first.find(' ');
  const size_t target_end = first.rfind(' ');
  request.method = first.substr(0, method_end);
  request.target = first.substr(method_end + 1, target_end - method_end - 1);
  while (!head.empty()) {
    const std::string_view line = TakeLine(head);
    const size_t colon = std::min(line.find(':'), line.size());
    std::string_view value = line.substr(std::min(colon + 1, line.size()));
    while (value.starts_with(' ')) value.remove_prefix(1);
    std::string& header = request.headers[Lower(line.substr(0, colon))];
    header += header.empty() ? value : ", " + std::string(value);
  }
  const auto length = request.headers.find("content-length");
  const size_t body_size = length == request.headers.end() ? 0 : std::stoul(length->second);
  const size_t body_start = head_end + 4;
  if (input.size() - body_start < body_size) return false;
  request.body = input.substr(body_start, body_size);
  input.erase(0, body_start + body_size);
  return true;
}

// `body_end` is where half of the body is sent, from the start of the result.
std::string Render(const ScriptedResponse& response, bool head_only, size_t& half_body) {
  if (!response.raw.empty()) {
    half_body = response.raw.size() / 2;
    return response.raw;
  }
  std::string body = response.body;
  if (!response.chunks.empty()) {
    body.clear();
    for (const std::string& chunk : response.chunks) {
      std::array<char, 20> size{};
      std::snprintf(size.data(), size.size(), "%zx\r\n", chunk.size());
      body += size.data() + chunk + "\r\n";
    }
    body += "0\r\n\r\n";
  }
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text += response.reason.empty() ? UsualReason(response.status) : response.reason;
  text += "\r\n";
  for (const auto& [name, value] : response.headers) text += name + ": " + value + "\r\n";
  if (response.close) text += "Connection: close\r\n";
  if (!response.chunks.empty()) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (!response.until_close && response.status != 204) {
    text += "Content-Length: ";
    text += std::to_string(response.content_length.value_or(body.size())) + "\r\n";
  }
  text += "\r\n";
  half_body = text.size() + body.size() / 2;
  return head_only ? text : text + body;
}

enum class AfterOutput { kKeep, kClose, kReset, kHang };

struct Connection {
  int fd = -1;
  uint64_t number = 0;
  std::string input;
  std::string output;
  AfterOutput after = AfterOutput::kKeep;
  bool hangs = false;
  std::string rest;          // of a hanging response, sent when it is released
  bool close_after = false;  // what follows the rest
  bool dead = false;
};

void CloseConnection(Connection& connection, bool reset) {
  if (reset) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(connection.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  close(connection.fd);
  connection.dead = true;
}

int NewSocket(in_port_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  SLUICE_CHECK(fd >= 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = port;
  SLUICE_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

in_port_t PortOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  SLUICE_CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  return address.sin_port;
}

}  // namespace

class ScriptedHttpServer::Impl {
 public:
  explicit Impl(Script script)
      : script_(std::move(script)), reserve_fd_(NewSocket(0)), port_(PortOf(reserve_fd_)) {
    Listen();
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  ~Impl() {
    thread_.request_stop();
    Wake();
    thread_.join();
    for (Connection& connection : connections_) close(connection.fd);
    if (listen_fd_ >= 0) close(listen_fd_);
    close(reserve_fd_);
    close(wake_fd_);
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(ntohs(port_)); }

  std::vector<ScriptedRequest> requests() const {
    const MutexLock lock(mu_);
    return requests_;
  }

  size_t request_count() const {
    const MutexLock lock(mu_);
    return requests_.size();
  }

  size_t connection_count() const {
    const MutexLock lock(mu_);
    return accepted_;
  }

  bool WaitForRequests(size_t count, std::chrono::milliseconds deadline) const {
    const auto end = std::chrono::steady_clock::now() + deadline;
    const MutexLock lock(mu_);
    while (requests_.size() < count && std::chrono::steady_clock::now() < end) {
      changed_.WaitFor(mu_, std::chrono::milliseconds(100));
    }
    return requests_.size() >= count;
  }

  void SetScript(Script script) {
    const MutexLock lock(mu_);
    script_ = std::move(script);
  }

  // Asks the thread to do something, and waits until it has.
  void Command(bool release, std::optional<bool> down) {
    const MutexLock lock(mu_);
    release_ = release_ || release;
    if (down.has_value()) down_ = *down;
    const uint64_t ticket = ++commands_asked_;
    Wake();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (commands_done_ < ticket && std::chrono::steady_clock::now() < end) {
      changed_.WaitFor(mu_, std::chrono::milliseconds(100));
    }
    SLUICE_CHECK(commands_done_ >= ticket);
  }

 private:
  void Listen() {
    listen_fd_ = NewSocket(port_);
    SLUICE_CHECK(listen(listen_fd_, 4096) == 0);
  }

  void Wake() const {
    const uint64_t one = 1;
    SLUICE_CHECK(write(wake_fd_, &one, sizeof one) == sizeof one);
  }

  void Run(const std::stop_token& stop) {
    std::vector<pollfd> polled;
    while (!stop.stop_requested()) {
      polled.clear();
      polled.push_back({.fd = wake_fd_, .events = POLLIN, .revents = 0});
      polled.push_back({.fd = listen_fd_, .events = POLLIN, .revents = 0});
      for (const Connection& connection : connections_) {
        const auto events = static_cast<short>(connection.output.empty() ? POLLIN : POLLOUT);
        polled.push_back({.fd = connection.fd, .events = events, .revents = 0});
      }
      poll(polled.data(), polled.size(), 1000);
      for (size_t i = 0; i < connections_.size(); ++i) {
        if (polled[i + 2].revents != 0) Serve(connections_[i]);
      }
      if (polled[0].revents != 0) RunCommands();
      if (listen_fd_ >= 0) Accept();
      std::erase_if(connections_, [](const Connection& connection) { return connection.dead; });
    }
  }

  void RunCommands() {
    uint64_t ignored = 0;
    SLUICE_CHECK(read(wake_fd_, &ignored, sizeof ignored) == sizeof ignored);
    bool release = false;
    bool down = false;
    uint64_t asked = 0;
    {
      const MutexLock lock(mu_);
      release = std::exchange(release_, false);
      down = down_;
      asked = commands_asked_;
    }
    if (release) {
      for (Connection& connection : connections_) Release(connection);
    }
    if (down && listen_fd_ >= 0) {
      close(std::exchange(listen_fd_, -1));
      for (Connection& connection : connections_) {
        if (!connection.dead) CloseConnection(connection, true);
      }
    }
    if (!down && listen_fd_ < 0) Listen();
    const MutexLock lock(mu_);
    commands_done_ = asked;
    changed_.NotifyAll();
  }

  void Release(Connection& connection) {
    if (connection.dead || !connection.hangs) return;
    connection.hangs = false;
    connection.output += std::exchange(connection.rest, {});
    connection.after = connection.close_after ? AfterOutput::kClose : AfterOutput::kKeep;
  }

  void Accept() {
    while (true) {
      const int fd = accept4(listen_fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const MutexLock lock(mu_);
      Connection connection;
      connection.fd = fd;
      connection.number = ++accepted_;
      connections_.push_back(std::move(connection));
    }
  }

  void Serve(Connection& connection) {
    if (connection.output.empty()) ReadInput(connection);
    if (!connection.dead) Flush(connection);
    ScriptedRequest request;
    while (!connection.dead && !connection.hangs && connection.output.empty() &&
           TakeRequest(connection.input, request)) {
      request.connection = connection.number;
      Answer(connection, std::exchange(request, {}));
      Flush(connection);
    }
  }

  static void ReadInput(Connection& connection) {
    std::array<char, 65536> buffer{};
    while (true) {
      const ssize_t got = recv(connection.fd, buffer.data(), buffer.size(), 0);
      if (got < 0 && errno == EAGAIN) return;
      if (got <= 0) {
        CloseConnection(connection, false);
        return;
      }
      connection.input.append(buffer.data(), static_cast<size_t>(got));
    }
  }

  void Answer(Connection& connection, ScriptedRequest request) {
    const bool head_only = request.method == "HEAD";
    Script script;
    {
      const MutexLock lock(mu_);
      script = script_;
    }
    const ScriptedResponse response = script(request);
    size_t half = 0;
    std::string text = Render(response, head_only, half);
    connection.after = AfterOutput::kKeep;
    connection.close_after = response.close || response.until_close;
    if (connection.close_after) connection.after = AfterOutput::kClose;
    switch (response.fault) {
      case Fault::kNone:
        connection.output = std::move(text);
        break;
      case Fault::kHang:
        half = 0;
        [[fallthrough]];
      case Fault::kHangMidBody:
        connection.output = text.substr(0, half);
        connection.rest = text.substr(half);
        connection.after = AfterOutput::kHang;
        connection.hangs = true;
        break;
      case Fault::kClose:
      case Fault::kReset:
        CloseConnection(connection, response.fault == Fault::kReset);
        break;
      case Fault::kCloseMidBody:
      case Fault::kResetMidBody:
        connection.output = text.substr(0, half);
        connection.after =
            response.fault == Fault::kCloseMidBody ? AfterOutput::kClose : AfterOutput::kReset;
        break;
    }
    const MutexLock lock(mu_);
    requests_.push_back(std::move(request));
    changed_.NotifyAll();
  }

  static void Flush(Connection& connection) {
    if (connection.dead) return;
    size_t sent = 0;
    while (sent < connection.output.size()) {
      const ssize_t written = send(connection.fd, connection.output.data() + sent,
                                   connection.output.size() - sent, MSG_NOSIGNAL);
      if (written < 0 && errno == EAGAIN) {
        connection.output.erase(0, sent);
        return;
      }
      if (written < 0) {
        CloseConnection(connection, false);
        return;
      }
      sent += static_cast<size_t>(written);
    }
    connection.output.clear();
    const AfterOutput after = std::exchange(connection.after, AfterOutput::kKeep);
    if (after == AfterOutput::kClose || after == AfterOutput::kReset) {
      CloseConnection(connection, after == AfterOutput::kReset);
    }
  }

  mutable Mutex mu_;
  mutable CondVar changed_;
  Script script_ SLUICE_GUARDED_BY(mu_);
  std::vector<ScriptedRequest> requests_ SLUICE_GUARDED_BY(mu_);
  uint64_t accepted_ SLUICE_GUARDED_BY(mu_) = 0;
  bool release_ SLUICE_GUARDED_BY(mu_) = false;
  bool down_ SLUICE_GUARDED_BY(mu_) = false;
  uint64_t commands_asked_ SLUICE_GUARDED_BY(mu_) = 0;
  uint64_t commands_done_ SLUICE_GUARDED_BY(mu_) = 0;

  // Set once.
  const int wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  const int reserve_fd_;  // bound, never listening: keeps the port while the server is down
  const in_port_t port_;

  // Of the thread alone.
  int listen_fd_ = -1;
  std::vector<Connection> connections_;

  std::jthread thread_;
};

ScriptedHttpServer::ScriptedHttpServer(Script script)
    : impl_(std::make_unique<Impl>(std::move(script))) {}

ScriptedHttpServer::~ScriptedHttpServer() = default;

std::string ScriptedHttpServer::address() const { return impl_->address(); }

std::string ScriptedHttpServer::Url(std::string_view target) const {
  return "http://" + address() + std::string(target);
}

std::vector<ScriptedRequest> ScriptedHttpServer::requests() const { return impl_->requests(); }

size_t ScriptedHttpServer::request_count() const { return impl_->request_count(); }

size_t ScriptedHttpServer::connection_count() const { return impl_->connection_count(); }

bool ScriptedHttpServer::WaitForRequests(size_t count, std::chrono::milliseconds deadline) const {
  return impl_->WaitForRequests(count, deadline);
}

void ScriptedHttpServer::ReleaseHanging() { impl_->Command(true, std::nullopt); }

void ScriptedHttpServer::SetScript(Script script) { impl_->SetScript(std::move(script)); }

void ScriptedHttpServer::GoDown() { impl_->Command(false, true); }

void ScriptedHttpServer::ComeUp() { impl_->Command(false, false); }

}  // namespace sluice::test
