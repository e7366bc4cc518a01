// A remote write receiver that only counts: the far end of the comparison in bench/compare.py.
//
//     counting_receiver        listens on a free loopback port, and prints {"port": N}
//
// Then each line on standard input is a command, answered by one line of JSON:
//     stats        what arrived since the start or the last `clear`
//     clear        counts anew
//     down         closes the port and every connection: an outage
//     up           listens again on the same port
// The end of standard input ends it. Its CPU time counts in the comparison against nobody.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <list>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <snappy.h>
#include <zstd.h>

#include "bench/comparison/receiver/http_request.h"
#include "bench/comparison/receiver/request_counter.h"

namespace sluice::bench {
namespace {

constexpr size_t kBodyMax = 256 << 20;

// Decompresses into memory that is kept. Empty when it is malformed.
std::string_view Decompress(const HttpRequest& request, std::string& memory) {
  if (request.encoding == "zstd") {
    const unsigned long long size =
        ZSTD_getFrameContentSize(request.body.data(), request.body.size());
    if (size > kBodyMax) return {};
    if (memory.size() < size) memory.resize(size);
    const size_t got =
        ZSTD_decompress(memory.data(), memory.size(), request.body.data(), request.body.size());
    return ZSTD_isError(got) ? std::string_view() : std::string_view(memory.data(), got);
  }
  size_t size = 0;
  if (!snappy::GetUncompressedLength(request.body.data(), request.body.size(), &size) ||
      size > kBodyMax) {
    return {};
  }
  if (memory.size() < size) memory.resize(size);
  const bool good = snappy::RawUncompress(request.body.data(), request.body.size(), memory.data());
  return good ? std::string_view(memory.data(), size) : std::string_view();
}

// One thread for each connection: senders have a few dozen.
class Receiver {
 public:
  Receiver() { Up(); }

  ~Receiver() { Down(); }

  int port() const { return port_; }

  void Up() {
    if (listener_ >= 0) return;
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(port_));
    socklen_t size = sizeof(address);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(listener_, 128) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      std::perror("counting_receiver: cannot listen");
      std::exit(1);
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::jthread([this, listener = listener_] { Accept(listener); });
  }

  void Down() {
    if (listener_ < 0) return;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    close(listener_);
    listener_ = -1;
    for (Connection& each : connections_) shutdown(each.socket, SHUT_RDWR);
    for (Connection& each : connections_) {
      each.thread.join();
      close(each.socket);
    }
    connections_.clear();
  }

  void Clear() {
    const std::lock_guard lock(mutex_);
    counter_.Clear();
    requests_ = 0;
    wire_bytes_ = 0;
    raw_bytes_ = 0;
  }

  void PrintStats() {
    const std::lock_guard lock(mutex_);
    const Counts& counts = counter_.counts();
    std::cout << "{\"requests\":" << requests_ << ",\"wireBytes\":" << wire_bytes_
              << ",\"rawBytes\":" << raw_bytes_ << ",\"samples\":" << counts.samples
              << ",\"markers\":" << counts.markers << ",\"reports\":" << counts.reports
              << ",\"pages\":" << counts.pages << ",\"distinctPages\":" << counter_.distinct_pages()
              << ",\"malformed\":" << counts.malformed << ",\"newestMs\":" << counts.newest_ms
              << "}" << std::endl;
  }

 private:
  struct Connection {
    int socket = -1;
    std::jthread thread;
  };

  void Accept(int listener) {
    for (;;) {
      const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      Connection& made = connections_.emplace_back();
      made.socket = socket;
      made.thread = std::jthread([this, socket] { Serve(socket); });
    }
  }

  void Serve(int socket) {
    HttpReader reader(socket, kBodyMax);
    HttpRequest request;
    std::string memory;
    while (reader.Next(request)) {
      if (!reader.Answer(Count(request, Decompress(request, memory)))) return;
    }
  }

  // How many samples there were.
  uint64_t Count(const HttpRequest& request, std::string_view raw) {
    const std::lock_guard lock(mutex_);
    ++requests_;
    wire_bytes_ += request.body.size();
    raw_bytes_ += raw.size();
    const uint64_t before = AllSamples(counter_.counts());
    request.version2 ? counter_.AddVersion2(raw) : counter_.AddVersion1(raw);
    return AllSamples(counter_.counts()) - before;
  }

  static uint64_t AllSamples(const Counts& counts) {
    return counts.samples + counts.markers + counts.reports;
  }

  int port_ = 0;
  int listener_ = -1;
  std::jthread acceptor_;
  std::list<Connection> connections_;  // of the acceptor; of Down once that has ended
  std::mutex mutex_;                   // what follows
  RequestCounter counter_;
  uint64_t requests_ = 0;
  uint64_t wire_bytes_ = 0;
  uint64_t raw_bytes_ = 0;
};

int Main() {
  Receiver receiver;
  std::cout << "{\"port\":" << receiver.port() << "}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "clear") receiver.Clear();
    if (line == "down") receiver.Down();
    if (line == "up") receiver.Up();
    receiver.PrintStats();
  }
  return 0;
}

}  // namespace
}  // namespace sluice::bench

int main() { return sluice::bench::Main(); }
