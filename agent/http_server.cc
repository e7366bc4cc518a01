#include "agent/http_server.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "agent/internal/http_session.h"
#include "agent/internal/http_text.h"
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

  Status Listen();
  void Accept();
  void OnAccept(const AsioError& error, tcp::socket socket);
  void BeginStop();
  void StopWhenEmpty();

  const internal::SessionContext context;
  asio::io_context io{1};  // one thread

  // Of the server's thread, once it runs.
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_timer{io};
  asio::steady_timer stop_timer{io};
  std::unordered_map<HttpSession*, std::shared_ptr<HttpSession>> sessions;
  bool refusing = false;  // connections_max is reached, and that was logged
  bool stopping = false;

  std::string address;  // set once

  Mutex stop_mu;  // held while one caller of Stop() waits for the thread
  std::atomic<std::thread::id> thread_id;
  std::jthread thread;
};

Status HttpServer::Impl::Listen() {
  auto parsed = internal::ParseListenAddress(context.options.listen_address);
  if (!parsed.ok()) return parsed.error();
  const auto fail = [&](const AsioError& error) {
    return Error{ErrorCode::kRetryable,
                 "listen on " + context.options.listen_address + ": " + error.message()};
  };
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
  address = EndpointText(acceptor.local_endpoint(error));
  return Status::Ok();
}

void HttpServer::Impl::Accept() {
  acceptor.async_accept([this](const AsioError& error, tcp::socket socket) {
    if (!stopping) OnAccept(error, std::move(socket));
  });
}

void HttpServer::Impl::OnAccept(const AsioError& error, tcp::socket socket) {
  if (error) {
    // Usually too many open files, which does not go away by asking again at once.
    accept_timer.expires_after(kAcceptRetry);
    accept_timer.async_wait([this](const AsioError& cancelled) {
      if (!cancelled && !stopping) Accept();
    });
    return;
  }
  const bool full = sessions.size() >= context.options.connections_max;
  if (full && !refusing) {
    context.logger.Warn("too many HTTP connections, refusing more",
                        {{"limit", context.options.connections_max}});
  }
  refusing = full;
  if (!full) {
    auto session =
        std::make_shared<HttpSession>(std::move(socket), context, [this](HttpSession& ended) {
          sessions.erase(&ended);
          StopWhenEmpty();
        });
    sessions.emplace(session.get(), session);
    session->Start();
  }
  Accept();
}

void HttpServer::Impl::BeginStop() {
  stopping = true;
  AsioError ignored;
  acceptor.close(ignored);
  accept_timer.cancel();
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
  auto impl = std::make_unique<Impl>(internal::SessionContext{
      .options = std::move(options), .handler = std::move(handler), .logger = std::move(logger)});
  Status listening = impl->Listen();
  if (!listening.ok()) return listening.error();
  impl->Accept();
  impl->thread = std::jthread([running = impl.get()] {
    running->thread_id = std::this_thread::get_id();
    running->io.run();
  });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(); }

std::string HttpServer::address() const { return impl_->address; }

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
