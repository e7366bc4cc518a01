#include "base/internal/http_transfer.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/internal/http_text.h"
#include "base/internal/url_parts.h"
#include "base/public_url.h"

namespace sluice::internal {
namespace {

constexpr int kRedirectsMax = 10;
// More of a body that nobody is told about is not worth the connection.
constexpr size_t kSkippedBytesMax = 64 * 1024;
// libcurl's words for anything that has no status line.
constexpr std::string_view kNoHttp = "Received HTTP/0.9 when not allowed";
// Longer than the longest usual scrape interval, so that such targets keep their connection too.
constexpr long kIdleConnectionSecondsMax = 600;

std::string ErrnoText(CURL* easy, std::string_view fallback) {
  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
  if (code == 0) return std::string(fallback);
  std::string text = std::generic_category().message(static_cast<int>(code));
  if (!text.empty()) text.front() = LowerAscii(text.substr(0, 1)).front();
  return text;
}

// Of a failed system call. libcurl's `detail` starts with `what` when it was one, and is its own
// finding about what it read otherwise: then the number is that of an older call.
std::string FailureText(CURL* easy, std::string_view detail, std::string_view what) {
  if (!detail.empty() && !detail.starts_with(what)) return LowerAscii(detail);
  return ErrnoText(easy, detail);
}

Error Retryable(std::string message) { return {ErrorCode::kRetryable, std::move(message)}; }

bool IsTlsError(CURLcode code) {
  switch (code) {
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CLIENTCERT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Status CheckHttpRequest(const HttpRequest& request) {
  const std::string scheme = LowerAscii(request.url.substr(0, 8));
  if (!scheme.starts_with("http://") && scheme != "https://") {
    return InvalidInput("bad URL: scheme must be http or https");
  }
  // libcurl would skip the extra slash of `http:///path`.
  if (UrlOrigin(request.url).ends_with('/')) return InvalidInput("bad URL: no host");
  if (request.url.size() > kHttpUrlBytesMax) return InvalidInput("bad URL: too long");
  // libcurl would take the text up to the first zero byte.
  if (request.url.find('\0') != std::string::npos) return InvalidInput("bad URL: zero byte");
  if (!IsHttpToken(request.method)) return InvalidInput("bad HTTP method");
  for (const auto& [name, value] : request.headers) {
    if (!IsHttpToken(name) || !IsHttpHeaderValue(value))
      return InvalidInput("bad HTTP header: " + name);
  }
  return Status::Ok();
}

std::string_view UrlOrigin(std::string_view url) {
  const size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return url;
  return url.substr(0, url.find_first_of("/?#", scheme_end + 3));
}

HttpTransfer::HttpTransfer(uint64_t id, HttpRequest request, HttpHandler& handler,
                           std::span<char> scratch)
    : id_(id),
      request_(std::move(request)),
      handler_(&handler),
      scratch_(scratch),
      url_(request_.url),
      method_(request_.method),
      sends_body_(request_.body != nullptr) {}

Status HttpTransfer::Prepare(SteadyTime now) {
  if (deadline_.has_value()) return Status::Ok();
  deadline_ = now + request_.timeout;
  if (Status status = CheckHttpRequest(request_); !status.ok()) return status;
  if (request_.client == nullptr) return Status::Ok();
  auto resolved = request_.client->Resolve();
  if (!resolved.ok()) return resolved.error();
  resolved_ = std::move(*resolved);
  return Status::Ok();
}

bool HttpTransfer::NeedsCredentials() const {
  if (request_.client == nullptr || !request_.client->config().FetchesCredentials()) return false;
  const auto is_authorization = [](const auto& header) {
    return LowerAscii(header.first) == "authorization";
  };
  return credentials_ == nullptr && !left_origin_ && request_.aws_signature == nullptr &&
         std::none_of(request_.headers.begin(), request_.headers.end(), is_authorization);
}

void HttpTransfer::SetCredentials(std::shared_ptr<const Credentials> credentials,
                                  std::shared_ptr<CredentialSource> source) {
  credentials_ = std::move(credentials);
  credential_source_ = std::move(source);
}

Status HttpTransfer::Attach(EasyHandle easy, const std::string& user_agent, SteadyTime now) {
  easy_ = std::move(easy);
  lines_ = TransferLines{};
  CURL* handle = easy_.get();
  SetOption(handle, CURLOPT_PRIVATE, this);
  SetOption(handle, CURLOPT_ERRORBUFFER, error_text_.data());
  SetOption(handle, CURLOPT_PATH_AS_IS, 1L);
  SetOption(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  // Redirects are followed here: libcurl would send custom headers to any origin.
  SetOption(handle, CURLOPT_FOLLOWLOCATION, 0L);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - now);
  // Zero would mean no timeout at all.
  SetOption(handle, CURLOPT_TIMEOUT_MS, std::max<long>(1, left.count()));
  if (request_.silence_max.count() > 0) {
    SetOption(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    SetOption(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_.silence_max.count()));
  }
  SetOption(handle, CURLOPT_MAXAGE_CONN, kIdleConnectionSecondsMax);
  SetOption(handle, CURLOPT_MAXLIFETIME_CONN,
            static_cast<long>(request_.connection_age_max.count()));
  SetOption(handle, CURLOPT_DNS_SHUFFLE_ADDRESSES, request_.any_address ? 1L : 0L);
  SetOption(handle, CURLOPT_NOSIGNAL, 1L);
  // A timeout must not wait for a resolver thread that hangs.
  SetOption(handle, CURLOPT_QUICK_EXIT, 1L);
  // libcurl walks its whole DNS cache for each request; connections are what is kept here.
  SetOption(handle, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  SetOption(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  // Neither http_proxy nor no_proxy nor the answers of a proxy to CONNECT concern the handler.
  SetOption(handle, CURLOPT_PROXY, "");
  SetOption(handle, CURLOPT_NOPROXY, "");
  SetOption(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SetOption(handle, CURLOPT_HEADERFUNCTION, &HttpTransfer::OnHeaderLine);
  SetOption(handle, CURLOPT_HEADERDATA, this);
  SetOption(handle, CURLOPT_WRITEFUNCTION, &HttpTransfer::OnBodyBytes);
  SetOption(handle, CURLOPT_WRITEDATA, this);
  if (!user_agent.empty()) SetOption(handle, CURLOPT_USERAGENT, user_agent.c_str());
  Status status;
  if (resolved_ == nullptr) {
    SetOption(handle, CURLOPT_URL, url_.c_str());
  } else {
    status = SetClientOptions(handle, url_, *request_.client, *resolved_, lines_);
  }
  if (!request_.unix_socket.empty() && !left_origin_) {
    SetOption(handle, CURLOPT_PROXY, "");
    SetOption(handle, CURLOPT_UNIX_SOCKET_PATH, request_.unix_socket.c_str());
  }
  SetMethodAndBody();
  SetHeaders();
  return status;
}

EasyHandle HttpTransfer::Detach() {
  curl_easy_reset(easy_.get());
  return std::move(easy_);
}

void HttpTransfer::SetMethodAndBody() {
  CURL* handle = easy_.get();
  if (sends_body_) {
    SetOption(handle, CURLOPT_POST, 1L);
    SetOption(handle, CURLOPT_POSTFIELDS, request_.body->data());
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
    if (method_ != "POST") SetOption(handle, CURLOPT_CUSTOMREQUEST, method_.c_str());
    return;
  }
  if (method_ == "HEAD") {
    SetOption(handle, CURLOPT_NOBODY, 1L);
  } else if (method_ == "POST") {
    SetOption(handle, CURLOPT_POST, 1L);
    SetOption(handle, CURLOPT_POSTFIELDS, "");
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
  } else if (method_ != "GET") {
    SetOption(handle, CURLOPT_CUSTOMREQUEST, method_.c_str());
  }
}

// Of the request's own headers.
bool HttpTransfer::IsSent(std::string_view header_name) const {
  const std::string name = LowerAscii(header_name);
  if (left_origin_ && (name == "authorization" || name == "cookie")) return false;
  const bool lost_body = request_.body != nullptr && !sends_body_;
  return !lost_body || !name.starts_with("content-");
}

// Null for none.
const AwsSignature* HttpTransfer::Signature() const {
  if (left_origin_) return nullptr;
  if (request_.aws_signature != nullptr) return request_.aws_signature.get();
  return credentials_ == nullptr ? nullptr : credentials_->aws_signature.get();
}

void HttpTransfer::SetHeaders() {
  bool has_type = false;
  bool has_authorization = false;
  for (const auto& [name, value] : request_.headers) {
    if (!IsSent(name)) continue;
    const std::string lower = LowerAscii(name);
    has_type = has_type || lower == "content-type";
    has_authorization = has_authorization || lower == "authorization";
    lines_.headers.AppendHeader(name, value);
  }
  if (resolved_ != nullptr) {
    for (const auto& [name, value] : resolved_->headers) lines_.headers.AppendHeader(name, value);
  }
  if (resolved_ != nullptr && !left_origin_) {
    for (const auto& [name, value] : resolved_->secret_headers) {
      lines_.headers.AppendHeader(name, value);
    }
    const std::string& authorization =
        credentials_ == nullptr ? resolved_->authorization : credentials_->authorization;
    if (!authorization.empty() && !has_authorization && Signature() == nullptr) {
      lines_.headers.AppendHeader("Authorization", authorization);
    }
  }
  if (Signature() != nullptr) SetSignature();
  if (request_.accept_gzip) lines_.headers.Append("Accept-Encoding: gzip");
  // Not libcurl's `application/x-www-form-urlencoded`, and no waiting for `100 Continue`. Of a
  // signed request, libcurl would sign these lines but not send them.
  if (Signature() != nullptr) {
    SetOption(easy_.get(), CURLOPT_EXPECT_100_TIMEOUT_MS, 1L);
  } else {
    if (!has_type) lines_.headers.Append("Content-Type:");
    lines_.headers.Append("Expect:");
  }
  SetOption(easy_.get(), CURLOPT_HTTPHEADER, lines_.headers.get());
}

// libcurl signs with what it takes for a user name and a password.
void HttpTransfer::SetSignature() {
  const AwsSignature& signature = *Signature();
  const std::string scope = "aws:amz:" + signature.region + ":" + signature.service;
  SetOption(easy_.get(), CURLOPT_AWS_SIGV4, scope.c_str());
  SetOption(easy_.get(), CURLOPT_USERNAME, signature.access_key.c_str());
  SetOption(easy_.get(), CURLOPT_PASSWORD, signature.secret_key.Reveal().c_str());
  if (signature.session_token.empty()) return;
  lines_.headers.AppendHeader("X-Amz-Security-Token", signature.session_token.Reveal());
}

size_t HttpTransfer::OnHeaderLine(char* data, size_t size, size_t count, void* self) {
  const std::string_view line(data, size * count);
  return static_cast<HttpTransfer*>(self)->TakeHeaderLine(line) ? line.size() : 0;
}

size_t HttpTransfer::OnBodyBytes(char* data, size_t size, size_t count, void* self) {
  const std::string_view bytes(data, size * count);
  const bool go_on = static_cast<HttpTransfer*>(self)->TakeBody(bytes);
  // Any other count than that of the bytes ends the transfer, so zero bytes need a one.
  return go_on ? bytes.size() : (bytes.empty() ? 1 : 0);
}

bool HttpTransfer::WillRedirect() const {
  const bool follows = request_.follow_redirects &&
                       (request_.client == nullptr || request_.client->config().follow_redirects);
  const int status = head_.status;
  const bool keeps_method = status == 307 || status == 308;
  const bool changes_method = status == 301 || status == 302 || status == 303;
  if (!follows || !(keeps_method || (changes_method && !request_.redirects_keep_method))) {
    return false;
  }
  return std::any_of(head_.headers.begin(), head_.headers.end(),
                     [](const auto& header) { return header.first == "location"; });
}

// AWS says of credentials that expired that they may not do this.
bool HttpTransfer::IsRefused() const {
  constexpr int kUnauthorized = 401;
  constexpr int kForbidden = 403;
  return head_.status == kUnauthorized || (head_.status == kForbidden && Signature() != nullptr);
}

// Once for each final head of a hop.
HttpTransfer::Again HttpTransfer::WhatNext() {
  if (credential_source_ != nullptr && !left_origin_ && credentials_ != nullptr) {
    if (!IsRefused()) {
      credential_source_->NoteAccepted(credentials_);
    } else if (credential_source_->NoteRefused(credentials_) && !credentials_renewed_) {
      return Again::kNewCredentials;
    }
  }
  return WillRedirect() ? Again::kRedirect : Again::kNone;
}

bool HttpTransfer::HasNext(CURLcode code) const {
  return again_ != Again::kNone && (code == CURLE_OK || stop_ == Stop::kSkipped);
}

Status HttpTransfer::Next() {
  Status status;
  if (again_ == Again::kNewCredentials) {
    credentials_ = nullptr;
    credentials_renewed_ = true;
  } else {
    status = FollowRedirect();
  }
  again_ = Again::kNone;
  stop_ = Stop::kNone;
  skipped_bytes_ = 0;
  return status;
}

Status HttpTransfer::FollowRedirect() {
  if (++redirects_ > kRedirectsMax) return Retryable("too many redirects");
  const auto location = std::find_if(head_.headers.begin(), head_.headers.end(),
                                     [](const auto& header) { return header.first == "location"; });
  const std::optional<std::string> url = ResolveLocation(url_, location->second);
  if (!url.has_value() || url->size() > kHttpUrlBytesMax) {
    return Retryable("bad URL in a redirect");
  }
  left_origin_ = left_origin_ || !MaySendCredentials(url_, *url);
  url_ = *url;
  const bool keeps_method = head_.status == 307 || head_.status == 308;
  if (!keeps_method && method_ != "HEAD" && method_ != "GET") {
    method_ = "GET";
    sends_body_ = false;
  }
  return Status::Ok();
}

bool HttpTransfer::TakeHeaderLine(std::string_view line) {
  if (handler_ == nullptr) return false;
  head_bytes_ += line.size();
  if (head_bytes_ > kHttpHeadBytesMax) {
    stop_ = Stop::kHeadTooLarge;
    return false;
  }
  if (head_given_) return true;  // a trailer
  if (line.starts_with("HTTP/")) {
    head_ = HttpResponseHead{};
    const size_t code = std::min(line.find(' '), line.size());
    std::string_view rest = TrimBlank(line.substr(code));
    std::from_chars(rest.data(), rest.data() + std::min<size_t>(rest.size(), 3), head_.status);
    rest.remove_prefix(std::min(rest.find(' '), rest.size()));
    head_.reason = TrimBlank(rest);
    return true;
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name = LowerAscii(TrimBlank(line.substr(0, colon)));
    std::string value(TrimBlank(line.substr(colon + 1)));
    if (name == "content-type") head_.content_type = value;
    if (name == "retry-after") head_.retry_after = value;
    head_.headers.emplace_back(std::move(name), std::move(value));
    return true;
  }
  const bool at_end = TrimBlank(line).empty();
  if (!at_end || head_.status < 200) return true;
  if (again_ == Again::kNone) again_ = WhatNext();
  return again_ != Again::kNone || GiveHead();
}

bool HttpTransfer::GiveHead() {
  head_given_ = true;
  // Like Prometheus: of several headers the first one counts, and it is gzip in lower case or none.
  const auto encoding =
      std::find_if(head_.headers.begin(), head_.headers.end(),
                   [](const auto& header) { return header.first == "content-encoding"; });
  gzip_body_ =
      request_.accept_gzip && encoding != head_.headers.end() && encoding->second == "gzip";
  if (handler_->OnHead(head_)) return true;
  stop_ = Stop::kByHandler;
  return false;
}

bool HttpTransfer::SkipBody(std::string_view bytes) {
  skipped_bytes_ += bytes.size();
  if (skipped_bytes_ <= kSkippedBytesMax) return true;
  stop_ = Stop::kSkipped;
  return false;
}

bool HttpTransfer::TakeBody(std::string_view bytes) {
  if (handler_ == nullptr) return false;
  if (again_ != Again::kNone) return SkipBody(bytes);
  if (!head_given_ && !GiveHead()) return false;
  if (handler_ == nullptr) return false;
  wire_bytes_ += bytes.size();
  if (!gzip_body_) return GiveBody(bytes);
  if (gunzip_ == nullptr) gunzip_ = std::make_unique<GunzipStream>(scratch_);
  const auto outcome =
      gunzip_->Write(bytes, [this](std::string_view piece) { return GiveBody(piece); });
  if (outcome == GunzipStream::Outcome::kCorrupt) stop_ = Stop::kBadGzip;
  return outcome == GunzipStream::Outcome::kMore;
}

bool HttpTransfer::GiveBody(std::string_view bytes) {
  if (bytes.empty()) return true;
  const bool go_on = handler_->OnBody(bytes);
  if (!go_on) stop_ = Stop::kByHandler;
  // The handler may have cancelled its own transfer.
  return go_on && handler_ != nullptr;
}

void HttpTransfer::FinishHead() {
  if (handler_ != nullptr && !head_given_ && again_ == Again::kNone) GiveHead();
}

HttpOutcome HttpTransfer::Outcome(CURLcode code) {
  HttpOutcome outcome;
  outcome.status = EndStatus(code);
  outcome.http_status = head_.status;
  outcome.wire_bytes = wire_bytes_;
  long connects = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &connects);
  outcome.connection_reused = head_.status != 0 && connects == 0;
  return outcome;
}

Status HttpTransfer::EndStatus(CURLcode code) {
  switch (stop_) {
    case Stop::kNone:
    case Stop::kSkipped:
      break;
    case Stop::kByHandler:
      return Error{ErrorCode::kCancelled, "stopped by the receiver of the response"};
    case Stop::kBadGzip:
      return Retryable("invalid gzip body");
    case Stop::kHeadTooLarge:
      return Retryable("response head is too large");
  }
  CURL* handle = easy_.get();
  if (IsTlsError(code)) return Retryable(std::string("tls: ") + error_text_.data());
  switch (code) {
    case CURLE_OK:
      if (gunzip_ != nullptr && !gunzip_->complete()) return Retryable("invalid gzip body");
      return Status::Ok();
    case CURLE_URL_MALFORMAT:
      if (redirects_ > 0) return Retryable("bad URL in a redirect");
      return InvalidInput("bad URL: " + PublicUrl(request_.url));
    case CURLE_COULDNT_RESOLVE_HOST:
      return Retryable("resolve: no such host");
    case CURLE_COULDNT_CONNECT:
      return Retryable("connect: " + ErrnoText(handle, "failed"));
    case CURLE_OPERATION_TIMEDOUT:
      return Error{ErrorCode::kTimeout, "timeout"};
    case CURLE_GOT_NOTHING:
      return Retryable("connection closed without a response");
    case CURLE_PARTIAL_FILE:
      return Retryable("response body is truncated");
    case CURLE_OUT_OF_MEMORY:
      // What libcurl says of a line in the head that is longer than its own bound.
      if (!head_given_) return Retryable("response head is too large");
      break;
    case CURLE_UNSUPPORTED_PROTOCOL:
      // Of an answer that does not start as one of HTTP.
      if (error_text_.data() == kNoHttp) return Retryable("malformed HTTP response");
      break;
    case CURLE_RECV_ERROR:
      return Retryable("receive: " + FailureText(handle, error_text_.data(), "Recv failure"));
    case CURLE_SEND_ERROR:
      return Retryable("send: " + FailureText(handle, error_text_.data(), "Send failure"));
    case CURLE_COULDNT_RESOLVE_PROXY:
      // libcurl's own words may have the URL of the proxy in them, with its password.
      return Retryable("proxy: no such host, or an unusable URL");
    default:
      break;
  }
  const std::string_view detail = error_text_.data();
  return Retryable("http: " + std::string(detail.empty() ? curl_easy_strerror(code) : detail));
}

}  // namespace sluice::internal
