#include "agent/internal/http_session.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "agent/internal/http_text.h"
#include "agent/internal/tls_context.h"
#include "base/gzip.h"

namespace sluice::agent::internal {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr uint32_t kHeadBytesMax = 32 * 1024;
constexpr size_t kGzipFrom = 1024;
constexpr std::chrono::milliseconds kLingerTime(1000);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool HasHeader(const HttpServerResponse& response, std::string_view lower_name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const auto& header) { return Lower(header.first) == lower_name; });
}

}  // namespace

HttpSession::HttpSession(ByteStream stream, std::shared_ptr<const TlsSettings> tls,
                         const SessionContext& context, std::function<void(HttpSession&)> on_end)
    : context_(context),
      on_end_(std::move(on_end)),
      stream_(std::move(stream)),
      tls_(std::move(tls)),
      timer_(stream_.get_executor()),
      // The parser has its own limits; this only has to be no smaller.
      buffer_(kHeadBytesMax + context.options.body_bytes_max + 4096) {}

void HttpSession::Start() {
  ErrorCode ignored;
  stream_.socket().set_option(tcp::no_delay(true), ignored);
  if (stream_.tls() == nullptr) return ReadHead();
  StartTimer(context_.options.read_timeout);
  stream_.tls()->async_handshake(
      boost::asio::ssl::stream_base::server,
      [self = shared_from_this()](ErrorCode error) { self->OnHandshake(error); });
}

void HttpSession::OnHandshake(ErrorCode error) {
  if (closed_) return;
  if (error) {
    context_.logger.Debug("TLS handshake failed", {{"err", error.message()}});
    return Close();
  }
  const auto& names = tls_->client_allowed_sans;
  if (!names.empty() && !PeerHasName(stream_.tls()->native_handle(), names)) return Close();
  ReadHead();
}

void HttpSession::Finish() {
  finishing_ = true;
  if (!responding_) Close();
}

void HttpSession::Close() {
  if (std::exchange(closed_, true)) return;
  HoldBytes(0);  // the body itself stays for as long as its write may be pending
  timer_.cancel();
  ErrorCode ignored;
  stream_.socket().close(ignored);
  on_end_(*this);
}

void HttpSession::ReadHead() {
  parser_.emplace();
  parser_->header_limit(kHeadBytesMax);
  parser_->body_limit(context_.options.body_bytes_max);
  StartTimer(context_.options.read_timeout);
  http::async_read_header(stream_, buffer_, *parser_, Then(&HttpSession::OnHead));
}

void HttpSession::OnHead(ErrorCode error, size_t /*size*/) {
  if (closed_) return;
  if (error) return OnReadError(error);
  const bool waits = Lower(View(parser_->get()[http::field::expect])) == "100-continue";
  if (!waits || parser_->is_done()) return ReadBody();
  boost::asio::async_write(stream_, boost::asio::buffer(kContinue.data(), kContinue.size()),
                           Then(&HttpSession::OnContinueSent));
}

void HttpSession::OnContinueSent(ErrorCode error, size_t /*size*/) {
  if (closed_) return;
  if (error) return Close();
  ReadBody();
}

void HttpSession::ReadBody() {
  http::async_read(stream_, buffer_, *parser_, Then(&HttpSession::OnRequest));
}

void HttpSession::OnRequest(ErrorCode error, size_t /*size*/) {
  if (closed_) return;
  if (error) return OnReadError(error);
  timer_.cancel();
  Answer();
}

void HttpSession::OnReadError(ErrorCode error) {
  if (timed_out_) {
    // A connection that was merely idle ends without a word.
    if (!parser_->got_some()) return Close();
    return Refuse(408, "the request took too long to arrive");
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refuse(431, "the request head is too large");
  }
  if (error == http::error::body_limit) return Refuse(413, "the request body is too large");
  const bool peer_went =
      error == http::error::end_of_stream || error == http::error::partial_message ||
      error.category() != http::make_error_code(http::error::end_of_stream).category();
  if (peer_went) return Close();
  Refuse(400, "the request is not HTTP/1.1: " + error.message());
}

void HttpSession::Refuse(int status, const std::string& why) {
  linger_ = true;
  HttpServerResponse response;
  response.status = status;
  response.body = why + "\n";
  Write(std::move(response), /*head_only=*/false, /*keep_alive=*/false);
}

void HttpSession::Answer() {
  const auto& request = parser_->get();
  const bool head_only = request.method() == http::verb::head;
  const bool gzip = AcceptsGzip(View(request[http::field::accept_encoding]));
  HttpServerResponse response = CallHandler();
  if (response.body.size() > kGzipFrom && !HasHeader(response, "content-encoding")) {
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (gzip) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.body = Gzip(response.body);
    }
  }
  if (!FitsBesideOthers(response)) {
    response = {.status = 503, .body = "too many answers are being taken slowly\n"};
  }
  Write(std::move(response), head_only, request.keep_alive());
}

HttpServerResponse HttpSession::CallHandler() {
  auto& message = parser_->get();
  Result<HttpTarget> target = ParseHttpTarget(View(message.target()));
  if (!target.ok()) return {.status = 400, .body = target.error().message + "\n"};
  HttpServerRequest request;
  const bool head = message.method() == http::verb::head;
  request.method = head ? "GET" : std::string(View(message.method_string()));
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  for (const auto& field : message) {
    std::string& value = request.headers[Lower(View(field.name_string()))];
    if (!value.empty()) value += ", ";
    value += View(field.value());
  }
  request.body = std::move(message.body());
  // The wall against exceptions of whatever library a handler uses.
  try {
    return context_.handler(request);
  } catch (const std::exception& error) {
    context_.logger.Error("a request failed",
                          {{"path", request.path}, {"error", std::string_view(error.what())}});
  } catch (...) {
    context_.logger.Error("a request failed", {{"path", request.path}});
  }
  return {.status = 500, .body = "internal error\n"};
}

// So peers that ask for much and take nothing cannot fill the memory.
bool HttpSession::FitsBesideOthers(const HttpServerResponse& response) const {
  const size_t held = context_.answer_bytes;
  return held == 0 || held + response.body.size() <= context_.options.answer_bytes_max;
}

void HttpSession::HoldBytes(size_t bytes) {
  context_.answer_bytes += bytes - std::exchange(held_bytes_, bytes);
}

void HttpSession::Write(HttpServerResponse response, bool head_only, bool keep_alive) {
  responding_ = true;
  keep_alive_ = keep_alive && !finishing_;
  const ResponseFraming framing{.keep_alive = keep_alive_,
                                .http_1_0 = parser_->get().version() < 11};
  head_ = RenderResponseHead(response, framing, SystemClock().WallNowMs());
  const bool no_body = head_only || response.status == 204 || response.status == 304;
  body_ = no_body ? std::string() : std::move(response.body);
  HoldBytes(body_.size());
  StartTimer(context_.options.read_timeout);
  const std::array<boost::asio::const_buffer, 2> parts = {boost::asio::buffer(head_),
                                                          boost::asio::buffer(body_)};
  boost::asio::async_write(stream_, parts, Then(&HttpSession::OnWritten));
}

void HttpSession::OnWritten(ErrorCode error, size_t /*size*/) {
  if (closed_) return;
  body_ = {};
  HoldBytes(0);
  responding_ = false;
  if (error || finishing_) return Close();
  if (keep_alive_) return ReadHead();
  Linger();
}

// Closing while bytes of the peer are unread resets the connection, and the peer may never see the
// response: so its bytes are read and thrown away for a moment.
void HttpSession::Linger() {
  ErrorCode ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (!linger_) return Close();
  StartTimer(kLingerTime);
  OnLingerRead({}, 0);
}

void HttpSession::OnLingerRead(ErrorCode error, size_t /*size*/) {
  if (closed_) return;
  if (error) return Close();
  stream_.async_read_some(boost::asio::buffer(discarded_), Then(&HttpSession::OnLingerRead));
}

void HttpSession::StartTimer(std::chrono::milliseconds after) {
  timed_out_ = false;
  timer_.expires_after(after);
  waits_since_ = timer_.expiry() - after;
  timer_.async_wait([self = shared_from_this()](ErrorCode error) {
    // It may have been set anew after this call was queued.
    const bool due = self->timer_.expiry() <= boost::asio::steady_timer::clock_type::now();
    if (!error && due && !self->closed_) self->OnTimeout();
  });
}

void HttpSession::OnTimeout() {
  timed_out_ = true;
  ErrorCode ignored;
  stream_.socket().cancel(ignored);  // the operation under way ends with an error
}

}  // namespace sluice::agent::internal
