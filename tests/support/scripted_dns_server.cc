#include "tests/support/scripted_dns_server.h"

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <poll.h>
#include <sstream>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"

namespace sluice::test {
namespace {

constexpr size_t kHeaderBytes = 12;

void Append16(std::string& out, int value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value & 0xff);
}

int Read16(const std::string& in, size_t at) {
  return (static_cast<unsigned char>(in.at(at)) << 8) | static_cast<unsigned char>(in.at(at + 1));
}

void AppendName(std::string& out, const std::string& name) {
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    if (label.empty()) continue;
    out += static_cast<char>(label.size());
    out += label;
  }
  out += '\0';
}

std::string Data(int type, const std::string& text) {
  std::string data;
  std::istringstream words(text);
  if (type == 1 || type == 28) {
    std::array<char, 16> address{};
    SLUICE_CHECK(inet_pton(type == 1 ? AF_INET : AF_INET6, text.c_str(), address.data()) == 1);
    data.assign(address.data(), type == 1 ? 4 : 16);
    return data;
  }
  const int numbers = type == 33 ? 3 : type == 15 ? 1 : 0;
  for (int i = 0; i < numbers; ++i) {
    int number = 0;
    words >> number;
    Append16(data, number);
  }
  std::string name;
  words >> name;
  AppendName(data, name);
  return data;
}

DnsQuestion ReadQuestion(const std::string& message, size_t& end) {
  DnsQuestion question;
  size_t at = kHeaderBytes;
  while (message.at(at) != 0) {
    const auto size = static_cast<size_t>(message[at]);
    question.name += message.substr(at + 1, size) + ".";
    at += size + 1;
  }
  for (char& c : question.name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  question.type = Read16(message, at + 1);
  end = at + 5;
  return question;
}

std::string Encode(const std::string& message, size_t question_end, const DnsReply& reply,
                   bool over_tcp) {
  if (!reply.raw.empty()) return message.substr(0, 2) + reply.raw;
  const bool truncated = reply.truncated && !over_tcp;
  const size_t count = truncated ? 0 : reply.records.size();
  std::string out = message.substr(0, 2);
  Append16(out, 0x8180 | (truncated ? 0x0200 : 0) | reply.rcode);
  Append16(out, 1);
  Append16(out, static_cast<int>(count));
  Append16(out, 0);
  Append16(out, 0);
  out += message.substr(kHeaderBytes, question_end - kHeaderBytes);
  for (size_t i = 0; i < count; ++i) {
    const DnsReply::Record& record = reply.records[i];
    AppendName(out, record.name);
    Append16(out, record.type);
    Append16(out, 1);
    Append16(out, 0);
    Append16(out, 60);
    const std::string data = Data(record.type, record.data);
    Append16(out, static_cast<int>(data.size()));
    out += data;
  }
  return out;
}

}  // namespace

struct ScriptedDnsServer::Impl {
  explicit Impl(Script with_script) : script(std::move(with_script)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* generic = reinterpret_cast<sockaddr*>(&at);
    // A port that is free for UDP is nearly always so for TCP.
    for (int attempt = 0; attempt < 20; ++attempt) {
      at.sin_port = 0;
      udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
      tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      SLUICE_CHECK(bind(udp, generic, sizeof at) == 0);
      SLUICE_CHECK(getsockname(udp, generic, &size) == 0);
      if (bind(tcp, generic, sizeof at) == 0) break;
      close(udp);
      close(tcp);
    }
    SLUICE_CHECK(listen(tcp, 16) == 0);
    port = ntohs(at.sin_port);
    thread = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  }

  ~Impl() {
    thread.request_stop();
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake, &one, sizeof one);
    thread.join();
    for (const int fd : {udp, tcp, wake}) close(fd);
  }

  void Run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::array<pollfd, 3> ready = {pollfd{.fd = wake, .events = POLLIN, .revents = 0},
                                     pollfd{.fd = udp, .events = POLLIN, .revents = 0},
                                     pollfd{.fd = tcp, .events = POLLIN, .revents = 0}};
      poll(ready.data(), ready.size(), 1000);
      if (ready[1].revents != 0) ServeUdp();
      if (ready[2].revents != 0) ServeTcp();
    }
  }

  std::string Answer(const std::string& message, bool over_tcp) {
    size_t end = 0;
    DnsQuestion question = ReadQuestion(message, end);
    question.over_tcp = over_tcp;
    Script current;
    {
      const MutexLock lock(mu);
      questions.push_back(question);
      current = script;
    }
    const DnsReply reply = current(question);
    return reply.silent ? "" : Encode(message, end, reply, over_tcp);
  }

  void ServeUdp() {
    std::array<char, 4096> buffer{};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    auto* generic = reinterpret_cast<sockaddr*>(&from);
    const ssize_t got = recvfrom(udp, buffer.data(), buffer.size(), 0, generic, &size);
    if (got < static_cast<ssize_t>(kHeaderBytes)) return;
    const std::string answer = Answer({buffer.data(), static_cast<size_t>(got)}, false);
    if (answer.empty()) return;
    sendto(udp, answer.data(), answer.size(), 0, generic, size);
  }

  // One question for each connection.
  void ServeTcp() {
    const int connection = accept(tcp, nullptr, nullptr);
    if (connection < 0) return;
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string message;
    std::array<char, 4096> buffer{};
    while (message.size() < 2 || message.size() < 2 + static_cast<size_t>(Read16(message, 0))) {
      const ssize_t got = read(connection, buffer.data(), buffer.size());
      if (got <= 0) break;
      message.append(buffer.data(), static_cast<size_t>(got));
    }
    if (message.size() > 2 + kHeaderBytes) {
      const std::string answer = Answer(message.substr(2), true);
      std::string framed;
      Append16(framed, static_cast<int>(answer.size()));
      framed += answer;
      send(connection, framed.data(), framed.size(), MSG_NOSIGNAL);
      // Closed by the peer first, so that nothing is lost.
      while (read(connection, buffer.data(), buffer.size()) > 0) continue;
    }
    close(connection);
  }

  int udp = -1;
  int tcp = -1;
  const int wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  uint16_t port = 0;
  Mutex mu;
  Script script SLUICE_GUARDED_BY(mu);
  std::vector<DnsQuestion> questions SLUICE_GUARDED_BY(mu);
  std::jthread thread;
};

ScriptedDnsServer::ScriptedDnsServer(Script script)
    : impl_(std::make_unique<Impl>(std::move(script))) {}

ScriptedDnsServer::~ScriptedDnsServer() = default;

std::string ScriptedDnsServer::address() const {
  return "127.0.0.1:" + std::to_string(impl_->port);
}

std::vector<DnsQuestion> ScriptedDnsServer::questions() const {
  const MutexLock lock(impl_->mu);
  return impl_->questions;
}

void ScriptedDnsServer::SetScript(Script script) {
  const MutexLock lock(impl_->mu);
  impl_->script = std::move(script);
}

}  // namespace sluice::test
