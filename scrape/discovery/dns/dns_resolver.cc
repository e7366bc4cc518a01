#include "scrape/discovery/dns/dns_resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <array>
#include <optional>
#include <sys/time.h>
#include <utility>

#include <ares.h>
#include <netdb.h>

namespace sluice::scrape {
namespace {

using std::chrono::milliseconds;

constexpr int kTries = 2;
// More may be fragmented on its way, and lost; what does not fit comes by TCP.
constexpr int kUdpBytesMax = 1232;
// A message has 64 KiB, and a record 16 bytes at least.
constexpr size_t kAddressesMax = 4096;

int QueryType(DnsType type) {
  switch (type) {
    case DnsType::kSrv:
      return ns_t_srv;
    case DnsType::kA:
      return ns_t_a;
    case DnsType::kAaaa:
      return ns_t_aaaa;
    case DnsType::kMx:
      return ns_t_mx;
    case DnsType::kNs:
      return ns_t_ns;
  }
  return ns_t_srv;
}

// c-ares leaves the last dot out.
std::string Rooted(const char* name) { return std::string(name) + "."; }

std::string AddressText(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(family, address, text.data(), text.size()) == nullptr ? "" : text.data();
}

int ParseSrv(const unsigned char* message, int size, std::vector<DnsRecord>& records) {
  ares_srv_reply* list = nullptr;
  const int status = ares_parse_srv_reply(message, size, &list);
  for (const ares_srv_reply* srv = list; srv != nullptr; srv = srv->next) {
    records.push_back({.target = Rooted(srv->host), .port = srv->port});
  }
  ares_free_data(list);
  return status;
}

int ParseMx(const unsigned char* message, int size, std::vector<DnsRecord>& records) {
  ares_mx_reply* list = nullptr;
  const int status = ares_parse_mx_reply(message, size, &list);
  for (const ares_mx_reply* mx = list; mx != nullptr; mx = mx->next) {
    records.push_back({.target = Rooted(mx->host)});
  }
  ares_free_data(list);
  return status;
}

int ParseNs(const unsigned char* message, int size, std::vector<DnsRecord>& records) {
  hostent* host = nullptr;
  const int status = ares_parse_ns_reply(message, size, &host);
  if (status != ARES_SUCCESS) return status;
  for (char** name = host->h_aliases; *name != nullptr; ++name) {
    records.push_back({.target = Rooted(*name)});
  }
  ares_free_hostent(host);
  return status;
}

int ParseA(const unsigned char* message, int size, std::vector<DnsRecord>& records) {
  std::vector<ares_addrttl> addresses(kAddressesMax);
  int count = kAddressesMax;
  const int status = ares_parse_a_reply(message, size, nullptr, addresses.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    records.push_back({.target = AddressText(AF_INET, &addresses[static_cast<size_t>(i)].ipaddr)});
  }
  return status;
}

int ParseAaaa(const unsigned char* message, int size, std::vector<DnsRecord>& records) {
  std::vector<ares_addr6ttl> addresses(kAddressesMax);
  int count = kAddressesMax;
  const int status = ares_parse_aaaa_reply(message, size, nullptr, addresses.data(), &count);
  for (int i = 0; status == ARES_SUCCESS && i < count; ++i) {
    records.push_back(
        {.target = AddressText(AF_INET6, &addresses[static_cast<size_t>(i)].ip6addr)});
  }
  return status;
}

int Parse(DnsType type, const unsigned char* message, int size, std::vector<DnsRecord>& records) {
  switch (type) {
    case DnsType::kSrv:
      return ParseSrv(message, size, records);
    case DnsType::kA:
      return ParseA(message, size, records);
    case DnsType::kAaaa:
      return ParseAaaa(message, size, records);
    case DnsType::kMx:
      return ParseMx(message, size, records);
    case DnsType::kNs:
      return ParseNs(message, size, records);
  }
  return ARES_EBADRESP;
}

DnsAnswer ReadAnswer(DnsType type, int status, const unsigned char* message, int size) {
  DnsAnswer answer;
  if (status == ARES_SUCCESS) status = Parse(type, message, size, answer.records);
  if (status == ARES_SUCCESS || status == ARES_ENODATA) {
    answer.outcome = DnsAnswer::Outcome::kRecords;
  } else if (status == ARES_ENOTFOUND) {
    answer.outcome = DnsAnswer::Outcome::kNoSuchName;
  } else {
    answer.error = ares_strerror(status);
  }
  return answer;
}

struct Question {
  DnsType type;
  DnsResolver::Done done;
};

void OnAnswer(void* data, int status, int /*timeouts*/, unsigned char* message, int size) {
  const std::unique_ptr<Question> question(static_cast<Question*>(data));
  // The channel is being destroyed.
  if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
  question->done(ReadAnswer(question->type, status, message, size));
}

}  // namespace

struct DnsResolver::Impl {
  explicit Impl(DiscoveryLoop& with_loop) : loop(with_loop) {}

  ~Impl() {
    if (timer) loop.CancelTimer(*timer);
    if (channel != nullptr) ares_destroy(channel);
  }

  static void OnSocket(void* data, ares_socket_t socket, int readable, int writable) {
    static_cast<Impl*>(data)->Watch(socket, readable != 0, writable != 0);
  }

  void Watch(ares_socket_t socket, bool readable, bool writable) {
    if (!readable && !writable) return loop.ForgetSocket(socket);
    loop.WatchSocket(socket, readable, writable, [this, socket](bool can_read, bool can_write) {
      ares_process_fd(channel, can_read ? socket : ARES_SOCKET_BAD,
                      can_write ? socket : ARES_SOCKET_BAD);
      SetTimer();
    });
  }

  // For the next retry or timeout.
  void SetTimer() {
    if (timer) loop.CancelTimer(*timer);
    timer.reset();
    timeval wait{};
    if (ares_timeout(channel, nullptr, &wait) == nullptr) return;
    const auto delay = std::chrono::seconds(wait.tv_sec) + std::chrono::microseconds(wait.tv_usec);
    timer = loop.StartTimer(loop.clock().MonotonicNow() + delay + milliseconds(1), [this] {
      timer.reset();
      ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      SetTimer();
    });
  }

  DiscoveryLoop& loop;
  ares_channel channel = nullptr;
  std::optional<DiscoveryLoop::TimerId> timer;
};

DnsResolver::DnsResolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

DnsResolver::~DnsResolver() = default;

Result<std::unique_ptr<DnsResolver>> DnsResolver::Make(DiscoveryLoop& loop,
                                                       const std::vector<std::string>& servers,
                                                       milliseconds timeout) {
  auto impl = std::make_unique<Impl>(loop);
  ares_options options{};
  options.flags = ARES_FLAG_EDNS | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = static_cast<int>(timeout.count());
  options.tries = kTries;
  options.ednspsz = kUdpBytesMax;
  options.sock_state_cb = &Impl::OnSocket;
  options.sock_state_cb_data = impl.get();
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
                   ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&impl->channel, &options, mask);
  std::string list;
  for (const std::string& server : servers) list += (list.empty() ? "" : ",") + server;
  if (status == ARES_SUCCESS) status = ares_set_servers_ports_csv(impl->channel, list.c_str());
  if (status != ARES_SUCCESS) {
    return Error{ErrorCode::kInternal, "name servers " + list + ": " + ares_strerror(status)};
  }
  return std::unique_ptr<DnsResolver>(new DnsResolver(std::move(impl)));
}

void DnsResolver::Ask(const std::string& name, DnsType type, Done done) {
  auto question = std::make_unique<Question>(Question{type, std::move(done)});
  ares_query(impl_->channel, name.c_str(), ns_c_in, QueryType(type), &OnAnswer, question.release());
  impl_->SetTimer();
}

}  // namespace sluice::scrape
