#include "agent/http_server.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent/internal/http_session.h"
#include "agent/internal/http_text.h"
#include "agent/internal/tls_context.h"
#include "base/mutex.h"

namespace sluice::agent {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using internal::HttpSession;
using AsioError = boost::system::error_code;

constexpr std::chrono::milliseconds kStopGrace(1000);
constexpr std::chrono::milliseconds kAcceptRetry(100);

std::string EndpointText(const tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

AsioError OpenAcceptor(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  AsioError error;
  acceptor.open(endpoint.protocol(), error);
  if (error) return error;
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  // The unspecified address means IPv4 too.
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
  acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    AsioError ignored;
    acceptor.close(ignored);
  }
  return error;
}

}  // namespace

std::string_view HttpServerRequest::Query(std::string_view name) const {
  const auto found = std::find_if(query.begin(), query.end(),
                                  [name](const auto& pair) { return pair.first == name; });
  return found == query.end() ? std::string_view() : std::string_view(found->second);
}

struct HttpServer::Impl {
  explicit Impl(internal::SessionContext with) : context(std::move(with)) {}

  // One of the addresses, and what waits for connections there.
  struct Listener {
    explicit Listener(asio::io_context& io) : acceptor(io), retry(io) {}

    tcp::acceptor acceptor;
    asio::steady_timer retry;
  };

  Status Listen(const std::string& listen_address);
  void Accept(Listener& listener);
  void OnAccept(Listener& listener, const AsioError& error, tcp::socket socket);
  void MakeRoom();
  std::optional<internal::ByteStream> Wrap(tcp::socket socket);
  void BeginStop();
  void StopWhenEmpty();

  const internal::SessionContext context;
  asio::io_context io{1};  // one thread

  // Of the server's thread, once it runs.
  std::vector<std::unique_ptr<Listener>> listeners;
  asio::steady_timer stop_timer{io};
  std::unordered_map<HttpSession*, std::shared_ptr<HttpSession>> sessions;
  std::shared_ptr<const TlsSettings> tls;  // as of the last connection, as is the next
  std::shared_ptr<asio::ssl::context> tls_context;
  bool full = false;  // connections_max is reached, and that was logged
  bool stopping = false;

  std::vector<std::string> addresses;  // set once

  Mutex stop_mu;  // held while one caller of Stop() waits for the thread
  std::atomic<std::thread::id> thread_id;
  std::jthread thread;
};

Status HttpServer::Impl::Listen(const std::string& listen_address) {
  auto parsed = internal::ParseListenAddress(listen_address);
  if (!parsed.ok()) return parsed.error();
  const auto fail = [&](const AsioError& error) {
    return Error{ErrorCode::kRetryable, "listen on " + listen_address + ": " + error.message()};
  };
  auto listener = std::make_unique<Listener>(io);
  tcp::acceptor& acceptor = listener->acceptor;
  AsioError error;
  if (parsed->host.empty()) {
    error = OpenAcceptor(acceptor, {tcp::v6(), parsed->port});
    // A machine without IPv6.
    if (error) error = OpenAcceptor(acceptor, {tcp::v4(), parsed->port});
  } else {
    tcp::resolver resolver(io);
    const auto found =
        resolver.resolve(parsed->host, std::to_string(parsed->port), tcp::resolver::passive, error);
    if (error) return fail(error);
    error = OpenAcceptor(acceptor, found.begin()->endpoint());
  }
  if (error) return fail(error);
  addresses.push_back(EndpointText(acceptor.local_endpoint(error)));
  listeners.push_back(std::move(listener));
  return Status::Ok();
}

void HttpServer::Impl::Accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](const AsioError& error, tcp::socket socket) {
    if (!stopping) OnAccept(listener, error, std::move(socket));
  });
}

// So slow peers, however many, keep nobody out.
void HttpServer::Impl::MakeRoom() {
  const bool was_full = std::exchange(full, sessions.size() >= context.options.connections_max);
  if (!full) return;
  if (!was_full) {
    context.logger.Warn("too many HTTP connections: the one that we wait for longest is closed",
                        {{"limit", context.options.connections_max}});
  }
  const auto slowest =
      std::min_element(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
        return a.second->waits_since() < b.second->waits_since();
      });
  const std::shared_ptr<HttpSession> closing = slowest->second;
  closing->Close();  // leaves the map
}

void HttpServer::Impl::OnAccept(Listener& listener, const AsioError& error, tcp::socket socket) {
  if (error) {
    // Usually too many open files, which does not go away by asking again at once.
    listener.retry.expires_after(kAcceptRetry);
    listener.retry.async_wait([this, &listener](const AsioError& cancelled) {
      if (!cancelled && !stopping) Accept(listener);
    });
    return;
  }
  MakeRoom();
  if (auto stream = Wrap(std::move(socket))) {
    auto session =
        std::make_shared<HttpSession>(std::move(*stream), tls, context, [this](HttpSession& ended) {
          sessions.erase(&ended);
          StopWhenEmpty();
        });
    sessions.emplace(session.get(), session);
    session->Start();
  }
  Accept(listener);
}

// Under TLS with the settings of now; nothing when no TLS can be made of them.
std::optional<internal::ByteStream> HttpServer::Impl::Wrap(tcp::socket socket) {
  std::shared_ptr<const TlsSettings> wanted = context.options.tls ? context.options.tls() : nullptr;
  if (wanted != tls) {
    const auto made = internal::MakeTlsContext(*wanted);
    if (!made.ok()) {
      context.logger.Error("no TLS can be spoken", {{"err", made.error().message}});
      return std::nullopt;
    }
    tls_context = *made;
    tls = std::move(wanted);
  }
  return internal::ByteStream(std::move(socket), tls_context);
}

void HttpServer::Impl::BeginStop() {
  stopping = true;
  AsioError ignored;
  for (const auto& listener : listeners) {
    listener->acceptor.close(ignored);
    listener->retry.cancel();
  }
  stop_timer.expires_after(kStopGrace);
  stop_timer.async_wait([this](const AsioError& cancelled) {
    if (!cancelled) io.stop();
  });
  // A session that ends at once leaves the map.
  std::vector<std::shared_ptr<HttpSession>> all;
  for (const auto& [key, session] : sessions) all.push_back(session);
  for (const auto& session : all) session->Finish();
  StopWhenEmpty();
}

void HttpServer::Impl::StopWhenEmpty() {
  if (stopping && sessions.empty()) io.stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(HttpServerOptions options,
                                                      HttpServerHandler handler, Logger logger) {
  auto impl = std::make_unique<Impl>(internal::SessionContext{.options = std::move(options),
                                                              .handler = std::move(handler),
                                                              .logger = std::move(logger),
                                                              .answer_bytes = 0});
  for (const std::string& address : impl->context.options.listen_addresses) {
    Status listening = impl->Listen(address);
    if (!listening.ok()) return listening.error();
  }
  for (const auto& listener : impl->listeners) impl->Accept(*listener);
  impl->thread = std::jthread([running = impl.get()] {
    running->thread_id = std::this_thread::get_id();
    running->io.run();
  });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(); }

const std::vector<std::string>& HttpServer::addresses() const { return impl_->addresses; }

void HttpServer::Stop() {
  asio::post(impl_->io, [impl = impl_.get()] {
    if (!impl->stopping) impl->BeginStop();
  });
  // A handler that stops the server does not wait for itself.
  if (impl_->thread_id.load() == std::this_thread::get_id()) return;
  const MutexLock lock(impl_->stop_mu);
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace sluice::agent
