// A lean client for the commonest requests there are: a GET, and a POST of a body, over plain
// HTTP/1.1 to an IP address, without a proxy. A scrape of a thousand series costs little more than
// its HTTP, of which libcurl's share is the largest; everything else goes through libcurl.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/internal/http_transfer.h"
#include "base/internal/response_reader.h"

namespace sluice::internal {

struct PlainEndpoint {
  std::array<uint8_t, 16> address{};  // the first four for IPv4
  uint16_t port = 0;
  bool v6 = false;

  friend bool operator==(const PlainEndpoint&, const PlainEndpoint&) = default;

  struct Hash {
    size_t operator()(const PlainEndpoint& endpoint) const;
  };
};

// "http://127.0.0.1:9100/metrics" taken apart. Nothing for a URL that names no address, or has
// something in it that would have to be encoded or left out first.
struct PlainUrl {
  PlainEndpoint endpoint;
  std::string_view host;    // as the header Host has it; of the URL
  std::string_view target;  // path and query; of the URL, or "/"

  static std::optional<PlainUrl> Parse(std::string_view url);
};

// Connections and the transfers on them. Like its HttpLoop, bound to one thread; transfers must not
// be destroyed between Begin() and their end or Drop(), and neither from within a callback of
// theirs.
class PlainHttp {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  struct Ended {
    uint64_t transfer_id = 0;
    CURLcode code = CURLE_OK;
  };

  // Its sockets are watched by that epoll, with events that have this bit set.
  static constexpr uint64_t kEventBit = uint64_t{1} << 62;

  // When more connections are idle, those go that have been for longest.
  PlainHttp(int epoll_fd, size_t idle_connections_max);
  ~PlainHttp();
  PlainHttp(const PlainHttp&) = delete;
  PlainHttp& operator=(const PlainHttp&) = delete;

  // Sends the transfer's hop, unless it needs libcurl: then false. May take an idle connection
  // without asking whether its peer has closed it: events that are there are to be given first.
  bool Begin(HttpTransfer& transfer, const std::string& user_agent, SteadyTime now);

  // Closes the connection of a transfer that has not ended.
  void Drop(const HttpTransfer& transfer);

  // An event of a socket; the number that came with it.
  void OnEvent(uint64_t event, uint32_t events, SteadyTime now);

  // Ends what is due, goes on with what had more to read, closes what has been idle for too long.
  void Advance(SteadyTime now);

  // When Advance() has something to do; nothing while it need not be called.
  std::optional<SteadyTime> NextTime() const;

  // Connections that wait for a transfer.
  size_t idle_count() const { return idle_order_.size(); }

  // Those that ended since the last call.
  std::vector<Ended> TakeEnded() { return std::exchange(ended_, {}); }

 private:
  // Those that have one connection or more.
  struct Origin {
    std::vector<uint64_t> idle;  // the one that was used last at the end
    size_t connections = 0;
  };

  using Origins = std::unordered_map<PlainEndpoint, Origin, PlainEndpoint::Hash>;
  // Of transfers: when, and on which connection.
  using Deadlines = std::set<std::pair<SteadyTime, uint64_t>>;

  // Keeps its nodes of the list of idle ones and of the deadlines while it is in neither, so that a
  // request allocates nothing for them.
  struct Connection {
    int fd = -1;
    Origins::pointer origin = nullptr;
    SteadyTime opened;
    SteadyTime used;  // last
    bool connected = false;
    bool fresh = true;                      // has not carried a response yet
    HttpTransfer* transfer = nullptr;       // null while idle
    std::list<uint64_t> idle_node;          // while not idle: one, or none yet
    std::list<uint64_t>::iterator idle_at;  // while idle: in idle_order_
    Deadlines::node_type deadline_node;     // while without a transfer; or none yet
    Deadlines::iterator deadline_at;        // with a transfer
    std::string head;
    std::string_view body;  // of the transfer
    size_t sent = 0;        // of both

    bool all_sent() const { return sent == head.size() + body.size(); }

    ResponseReader reader;
  };

  using Connections = std::unordered_map<uint64_t, Connection>;

  Connections::iterator TakeIdle(const PlainEndpoint& endpoint, std::chrono::seconds age_max,
                                 SteadyTime now);
  // The end iterator, and errno, when there can be no connection.
  Connections::iterator Open(const PlainEndpoint& endpoint, SteadyTime now);
  void Assign(Connections::iterator at, HttpTransfer& transfer, std::string head);
  // The transfer has ended, or goes on elsewhere.
  void Unassign(Connection& connection);
  void Keep(Connections::iterator at);  // idle, for the next transfer
  void DropOldestIdle();
  void LeaveIdle(Connections::iterator at);
  void Forget(Connections::iterator at);  // closes it
  void Send(Connections::iterator at, SteadyTime now);
  void OnSendError(Connections::iterator at, int os_error, SteadyTime now);
  void Receive(Connections::iterator at, SteadyTime now);
  bool OnState(Connections::iterator at, ResponseReader::State state, SteadyTime now);
  void Release(Connections::iterator at, SteadyTime now);
  // The peer of a connection that was idle had closed it: the request has to be sent again.
  bool SendAgain(Connections::iterator at, SteadyTime now);
  void End(Connections::iterator at, CURLcode code, int os_error, std::string_view detail);

  const int epoll_fd_;
  const size_t idle_max_;
  uint64_t last_id_ = 0;
  Connections connections_;
  Origins origins_;
  std::list<uint64_t> idle_order_;  // connections, the one that was used last at the end
  Deadlines deadlines_;
  std::vector<uint64_t> unread_;  // connections with more to read
  std::vector<Ended> ended_;
  std::vector<char> received_;  // where bytes are read to; made when there are some
};

}  // namespace sluice::internal
