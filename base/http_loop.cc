#include "base/http_loop.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <unordered_map>
#include <utility>

#include <curl/curl.h>

#include "base/hash.h"
#include "base/internal/curl_shard.h"
#include "base/internal/http_transfer.h"
#include "base/internal/plain_http.h"

namespace sluice {
namespace {

using internal::CredentialSource;
using internal::CurlShard;
using internal::EasyHandle;
using internal::HttpTransfer;
using internal::PlainHttp;
using SteadyTime = std::chrono::steady_clock::time_point;

// curl_multi_remove_handle() walks every cached connection of its multi handle, so the connections
// are spread over several, by origin.
constexpr size_t kShards = 16;
constexpr size_t kIdleEasyHandlesMax = 64;
constexpr size_t kScratchBytes = 64 * 1024;
constexpr int kEventsPerPoll = 256;
constexpr uint64_t kWakeupEvent = ~uint64_t{0};

}  // namespace

struct HttpLoop::Impl {
  explicit Impl(HttpLoopOptions with);
  ~Impl();

  struct Entry {
    std::unique_ptr<HttpTransfer> transfer;
    CurlShard* shard = nullptr;  // null unless libcurl has it
    bool plain = false;          // whether `plain` below has it
  };

  // Marks that libcurl or a transfer is on the stack, so that none may be removed.
  class Busy {
   public:
    explicit Busy(Impl& impl) : impl_(impl) { impl_.busy = true; }

    ~Busy() { impl_.busy = false; }

    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Impl& impl_;
  };

  TransferId Start(std::shared_ptr<const HttpRequest> request, HttpHandler& handler);
  // True when a transfer ended right away.
  bool BeginQueued();
  // Begins it, or lets it wait for credentials.
  Status Proceed(TransferId id, Entry& entry, SteadyTime now);
  Status Begin(Entry& entry, SteadyTime now);
  // Takes the transfer back from libcurl, if that has it.
  void Unplug(Entry& entry);
  void Remove(TransferId id);
  // Removes it and tells its handler, unless it was cancelled.
  void Finish(TransferId id, const HttpOutcome& outcome);
  std::shared_ptr<CredentialSource> SourceOf(const std::shared_ptr<const HttpClient>& client);
  void OnCredentials(const std::vector<TransferId>& waiters,
                     const Result<CredentialSource::CredentialsPtr>& credentials,
                     const std::shared_ptr<CredentialSource>& source);
  void ExpireWaiters();
  void RemoveDoomed();
  void Act(CurlShard& shard, curl_socket_t fd, int mask);
  void RunTimers();
  void OnPlainEvent(const epoll_event& event);
  void AdvancePlain();
  void TellPlainEnded();
  void TellEnded(CurlShard& shard);
  void End(TransferId id, CURLcode code);
  int WaitMs(std::chrono::milliseconds most) const;
  int Gather(int wait_ms) const;
  // Returns whether there were any.
  bool WaitForEvents(int wait_ms);

  const HttpLoopOptions options;
  const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::array<CurlShard, kShards> shards;
  PlainHttp plain;
  internal::Unpacking unpacking;
  std::vector<EasyHandle> idle_handles;

  TransferId last_id = 0;
  std::unordered_map<TransferId, Entry> transfers;
  std::vector<TransferId> queued;  // started or at their next hop, not yet given to libcurl
  // By settings, also those that are gone: their entries are removed in time.
  std::map<std::weak_ptr<const HttpClient>, std::shared_ptr<CredentialSource>, std::owner_less<>>
      credential_sources;
  std::vector<TransferId> doomed;  // cancelled while busy
  bool busy = false;
};

HttpLoop::Impl::Impl(HttpLoopOptions with)
    : options(std::move(with)), plain(epoll_fd, options.max_idle_connections) {
  unpacking.scratch.resize(kScratchBytes);
  // Counted and thread-safe in this version of libcurl; never undone, as others may use it.
  SLUICE_CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
  SLUICE_CHECK(epoll_fd >= 0 && wake_fd >= 0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kWakeupEvent;
  SLUICE_CHECK(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event) == 0);
  // Hashing does not spread hosts evenly: half as much again, so that all of them find room.
  const size_t per_shard = options.max_idle_connections / kShards * 3 / 2 + 8;
  for (uint32_t i = 0; i < kShards; ++i) {
    CurlShard& shard = shards[i];
    shard.index = i;
    shard.epoll_fd = epoll_fd;
    shard.Open();
    curl_multi_setopt(shard.multi, CURLMOPT_MAXCONNECTS, static_cast<long>(per_shard));
  }
}

HttpLoop::Impl::~Impl() {
  while (!transfers.empty()) Remove(transfers.begin()->first);
  idle_handles.clear();
  for (CurlShard& shard : shards) curl_multi_cleanup(shard.multi);
  close(wake_fd);
  close(epoll_fd);
}

HttpLoop::TransferId HttpLoop::Impl::Start(std::shared_ptr<const HttpRequest> request,
                                           HttpHandler& handler) {
  const TransferId id = ++last_id;
  transfers[id].transfer =
      std::make_unique<HttpTransfer>(id, std::move(request), handler, unpacking);
  queued.push_back(id);
  return id;
}

bool HttpLoop::Impl::BeginQueued() {
  if (queued.empty()) return false;
  bool any_ended = false;
  const SteadyTime now = std::chrono::steady_clock::now();
  // A handler may start more from OnDone(): those wait for the next round.
  const std::vector<TransferId> batch = std::exchange(queued, {});
  for (const TransferId id : batch) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) continue;  // cancelled meanwhile
    Status status = found->second.transfer->Prepare(now);
    if (status.ok()) status = Proceed(id, found->second, now);
    // Credentials may have failed it right away.
    any_ended = any_ended || !transfers.contains(id);
    if (status.ok()) continue;
    any_ended = true;
    Finish(id, HttpOutcome{.status = std::move(status)});
  }
  return any_ended;
}

Status HttpLoop::Impl::Proceed(TransferId id, Entry& entry, SteadyTime now) {
  HttpTransfer& transfer = *entry.transfer;
  if (transfer.NeedsCredentials()) {
    const std::shared_ptr<CredentialSource> source = SourceOf(transfer.request().client);
    CredentialSource::CredentialsPtr credentials = source->Current(now);
    if (credentials == nullptr) {
      source->Wait(id, transfer.resolved());
      return Status::Ok();
    }
    source->RefreshIfDue(transfer.resolved(), now);
    transfer.SetCredentials(std::move(credentials), source);
  }
  return Begin(entry, now);
}

Status HttpLoop::Impl::Begin(Entry& entry, SteadyTime now) {
  if (options.lean) {
    const Busy busy_now(*this);
    entry.plain = plain.Begin(*entry.transfer, options.user_agent, now);
    if (entry.plain) return Status::Ok();
  }
  EasyHandle easy;
  if (idle_handles.empty()) {
    easy.reset(curl_easy_init());
    SLUICE_CHECK(easy != nullptr);
  } else {
    easy = std::move(idle_handles.back());
    idle_handles.pop_back();
  }
  HttpTransfer& transfer = *entry.transfer;
  if (Status status = transfer.Attach(std::move(easy), options.user_agent, now); !status.ok()) {
    return status;
  }
  entry.shard = &shards[XxHash64(internal::UrlOrigin(transfer.url())) % kShards];
  const Busy busy_now(*this);
  SLUICE_CHECK(curl_multi_add_handle(entry.shard->multi, transfer.easy()) == CURLM_OK);
  return Status::Ok();
}

void HttpLoop::Impl::Unplug(Entry& entry) {
  if (std::exchange(entry.plain, false)) plain.Drop(*entry.transfer);
  if (entry.shard == nullptr) return;
  {
    const Busy busy_now(*this);
    curl_multi_remove_handle(entry.shard->multi, entry.transfer->easy());
  }
  entry.shard = nullptr;
  EasyHandle easy = entry.transfer->Detach();
  if (idle_handles.size() < kIdleEasyHandlesMax) idle_handles.push_back(std::move(easy));
}

void HttpLoop::Impl::Remove(TransferId id) {
  const auto found = transfers.find(id);
  if (found == transfers.end()) return;
  Entry entry = std::move(found->second);
  transfers.erase(found);
  entry.transfer->Abandon();
  Unplug(entry);
}

void HttpLoop::Impl::Finish(TransferId id, const HttpOutcome& outcome) {
  const auto found = transfers.find(id);
  if (found == transfers.end()) return;
  HttpHandler* handler = found->second.transfer->handler();
  Remove(id);
  if (handler != nullptr) handler->OnDone(outcome);
}

std::shared_ptr<CredentialSource> HttpLoop::Impl::SourceOf(
    const std::shared_ptr<const HttpClient>& client) {
  if (const auto found = credential_sources.find(client); found != credential_sources.end()) {
    return found->second;
  }
  std::erase_if(credential_sources, [](const auto& entry) {
    return entry.first.expired() && !entry.second->fetching();
  });
  const std::weak_ptr<const HttpClient> key = client;
  auto source = std::make_shared<CredentialSource>(
      internal::MakeCredentialFlow(*client),
      [this](HttpRequest request, HttpHandler& handler) {
        Start(std::make_shared<const HttpRequest>(std::move(request)), handler);
      },
      [this, key](const auto& waiters, const auto& credentials) {
        const auto found = credential_sources.find(key);
        if (found != credential_sources.end()) OnCredentials(waiters, credentials, found->second);
      });
  credential_sources.emplace(key, source);
  return source;
}

void HttpLoop::Impl::OnCredentials(const std::vector<TransferId>& waiters,
                                   const Result<CredentialSource::CredentialsPtr>& credentials,
                                   const std::shared_ptr<CredentialSource>& source) {
  const std::shared_ptr<CredentialSource> keep = source;
  for (const TransferId id : waiters) {
    const auto found = transfers.find(id);
    if (found == transfers.end()) continue;
    if (credentials.ok()) {
      // Good for those that waited, however short their life.
      found->second.transfer->SetCredentials(*credentials, keep);
      queued.push_back(id);
    } else {
      Finish(id, HttpOutcome{.status = credentials.error()});
    }
  }
}

void HttpLoop::Impl::ExpireWaiters() {
  std::vector<TransferId> expired;
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const auto& [client, source] : credential_sources) {
    for (const TransferId id : source->waiters()) {
      const auto found = transfers.find(id);
      if (found == transfers.end() || found->second.transfer->deadline() <= now) {
        expired.push_back(id);
      }
    }
    for (const TransferId id : expired) source->StopWaiting(id);
  }
  for (const TransferId id : expired) {
    Finish(id, HttpOutcome{.status = Error{ErrorCode::kTimeout, "timeout: no credentials"}});
  }
}

void HttpLoop::Impl::RemoveDoomed() {
  while (!doomed.empty()) {
    const TransferId id = doomed.back();
    doomed.pop_back();
    Remove(id);
  }
}

void HttpLoop::Impl::Act(CurlShard& shard, curl_socket_t fd, int mask) {
  {
    const Busy busy_now(*this);
    int running = 0;
    curl_multi_socket_action(shard.multi, fd, mask, &running);
  }
  shard.touched = true;
  RemoveDoomed();
}

void HttpLoop::Impl::RunTimers() {
  const SteadyTime now = std::chrono::steady_clock::now();
  for (CurlShard& shard : shards) {
    if (!shard.deadline.has_value() || *shard.deadline > now) continue;
    shard.deadline.reset();  // libcurl sets the next one from within
    Act(shard, CURL_SOCKET_TIMEOUT, 0);
  }
}

// What ends with it ends at once: what its handler has of it is still in the caches, and goes
// before the next one needs as much.
void HttpLoop::Impl::OnPlainEvent(const epoll_event& event) {
  {
    const Busy busy_now(*this);
    plain.OnEvent(event.data.u64, event.events, std::chrono::steady_clock::now());
  }
  TellPlainEnded();
}

void HttpLoop::Impl::AdvancePlain() {
  {
    const Busy busy_now(*this);
    plain.Advance(std::chrono::steady_clock::now());
  }
  TellPlainEnded();
}

void HttpLoop::Impl::TellPlainEnded() {
  RemoveDoomed();
  for (const PlainHttp::Ended& ended : plain.TakeEnded()) End(ended.transfer_id, ended.code);
}

void HttpLoop::Impl::TellEnded(CurlShard& shard) {
  if (!std::exchange(shard.touched, false)) return;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(shard.multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    HttpTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    End(transfer->id(), message->data.result);
  }
}

void HttpLoop::Impl::End(TransferId id, CURLcode code) {
  const auto found = transfers.find(id);
  if (found == transfers.end()) return;
  HttpTransfer& transfer = *found->second.transfer;
  if (code == CURLE_OK) {
    const Busy busy_now(*this);
    transfer.FinishBody();
  }
  RemoveDoomed();
  if (!transfers.contains(id)) return;  // its handler cancelled it just now
  if (!transfer.HasNext(code)) {
    Finish(id, transfer.Outcome(code));
    return;
  }
  HttpOutcome outcome = transfer.Outcome(CURLE_OK);
  outcome.status = transfer.Next();
  if (!outcome.status.ok()) {
    Finish(id, outcome);
    return;
  }
  Unplug(found->second);
  queued.push_back(id);
}

int HttpLoop::Impl::WaitMs(std::chrono::milliseconds most) const {
  std::chrono::milliseconds wait = std::max(most, std::chrono::milliseconds(0));
  const SteadyTime now = std::chrono::steady_clock::now();
  for (const CurlShard& shard : shards) {
    if (!shard.deadline.has_value()) continue;
    // Rounded up: a wait that ends just before the deadline would spin until it.
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(*shard.deadline - now);
    wait = std::clamp(until, std::chrono::milliseconds(0), wait);
  }
  if (const std::optional<SteadyTime> next = plain.NextTime(); next.has_value()) {
    const SteadyTime due = std::max(*next, now);
    wait = std::min(wait, std::chrono::ceil<std::chrono::milliseconds>(due - now));
  }
  for (const auto& [client, source] : credential_sources) {
    for (const TransferId id : source->waiters()) {
      const auto found = transfers.find(id);
      if (found == transfers.end()) continue;
      const auto until =
          std::chrono::ceil<std::chrono::milliseconds>(found->second.transfer->deadline() - now);
      wait = std::clamp(until, std::chrono::milliseconds(0), wait);
    }
  }
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(1);
  return static_cast<int>(std::min(wait, kLongest).count());
}

// Returns how much is left to wait.
int HttpLoop::Impl::Gather(int wait_ms) const {
  const int gather_ms = std::min(static_cast<int>(options.gather.count()), wait_ms);
  if (gather_ms == 0 || transfers.size() < 2) return wait_ms;
  pollfd wakeup{.fd = wake_fd, .events = POLLIN, .revents = 0};
  poll(&wakeup, 1, gather_ms);
  return wait_ms - gather_ms;
}

bool HttpLoop::Impl::WaitForEvents(int wait_ms) {
  std::array<epoll_event, kEventsPerPoll> events{};
  const int count = epoll_wait(epoll_fd, events.data(), kEventsPerPoll, wait_ms);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<size_t>(i)];
    if (event.data.u64 == kWakeupEvent) {
      uint64_t ignored = 0;
      [[maybe_unused]] const ssize_t got = read(wake_fd, &ignored, sizeof ignored);
      continue;
    }
    if ((event.data.u64 & PlainHttp::kEventBit) != 0) {
      OnPlainEvent(event);
      continue;
    }
    // A socket that libcurl closed meanwhile is unknown to its multi handle, which ignores it.
    const auto fd = static_cast<curl_socket_t>(event.data.u64 & 0xffff'ffff);
    Act(shards[event.data.u64 >> 32], fd, internal::CurlShard::ActionsOf(event.events));
  }
  return count > 0;
}

HttpLoop::HttpLoop(HttpLoopOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpLoop::~HttpLoop() = default;

HttpLoop::TransferId HttpLoop::Start(HttpRequest request, HttpHandler& handler) {
  return Start(std::make_shared<const HttpRequest>(std::move(request)), handler);
}

HttpLoop::TransferId HttpLoop::Start(std::shared_ptr<const HttpRequest> request,
                                     HttpHandler& handler) {
  return impl_->Start(std::move(request), handler);
}

void HttpLoop::Cancel(TransferId id) {
  const auto found = impl_->transfers.find(id);
  if (found == impl_->transfers.end()) return;
  if (!impl_->busy) {
    impl_->Remove(id);
    return;
  }
  found->second.transfer->Abandon();
  impl_->doomed.push_back(id);
}

void HttpLoop::Poll(std::chrono::milliseconds wait) {
  // What begins now may take an idle connection, and is not to take one that its peer has closed.
  const bool any_events = !impl_->queued.empty() && impl_->WaitForEvents(0);
  const bool any_ended = impl_->BeginQueued();
  // More to start: handlers asked for it from OnDone().
  const bool wait_now = !any_events && !any_ended && impl_->queued.empty();
  impl_->WaitForEvents(impl_->Gather(wait_now ? impl_->WaitMs(wait) : 0));
  impl_->RunTimers();
  impl_->AdvancePlain();
  for (CurlShard& shard : impl_->shards) impl_->TellEnded(shard);
  if (!impl_->credential_sources.empty()) impl_->ExpireWaiters();
}

int HttpLoop::fd() const { return impl_->epoll_fd; }

std::chrono::milliseconds HttpLoop::WaitTime(std::chrono::milliseconds most) const {
  return std::chrono::milliseconds(impl_->queued.empty() ? impl_->WaitMs(most) : 0);
}

void HttpLoop::Wakeup() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the loop is about to wake up anyway.
  [[maybe_unused]] const ssize_t written = write(impl_->wake_fd, &one, sizeof one);
}

size_t HttpLoop::active() const { return impl_->transfers.size(); }

}  // namespace sluice
