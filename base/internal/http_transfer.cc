#include "base/internal/http_transfer.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/internal/http_text.h"
#include "base/internal/url_parts.h"

namespace sluice::internal {
namespace {

constexpr int kRedirectsMax = 10;
// More of a body that nobody is told about is not worth the connection.
constexpr size_t kSkippedBytesMax = 64 * 1024;
// Longer than the longest usual scrape interval, so that such targets keep their connection too.
constexpr long kIdleConnectionSecondsMax = 600;

Error Retryable(std::string message) { return {ErrorCode::kRetryable, std::move(message)}; }

constexpr size_t kUsualHeaders = 8;

// How many bytes of a body to wait for; 0 to take it as it comes.
size_t WholeSize(const HttpResponseHead& head) {
  size_t size = 0;
  for (const auto& [name, value] : head.headers) {
    if (name == "transfer-encoding") return 0;
    if (name != "content-length") continue;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
    if (error != std::errc() || end != value.data() + value.size()) return 0;
  }
  return size <= WholeGunzip::kInputMax ? size : 0;
}

}  // namespace

Status CheckHttpRequest(const HttpRequest& request) {
  const std::string_view url = request.url;
  if (!IsLowerAscii(url.substr(0, 7), "http://") && !IsLowerAscii(url.substr(0, 8), "https://")) {
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

HttpTransfer::HttpTransfer(uint64_t id, std::shared_ptr<const HttpRequest> request,
                           HttpHandler& handler, Unpacking& unpacking)
    : id_(id),
      request_(std::move(request)),
      handler_(&handler),
      unpacking_(unpacking),
      url_(request_->url),
      method_(request_->method),
      sends_body_(request_->body != nullptr) {}

Status HttpTransfer::Prepare(SteadyTime now) {
  if (deadline_.has_value()) return Status::Ok();
  deadline_ = now + request_->timeout;
  if (Status status = CheckHttpRequest(*request_); !status.ok()) return status;
  if (request_->client == nullptr) return Status::Ok();
  auto resolved = request_->client->Resolve();
  if (!resolved.ok()) return resolved.error();
  resolved_ = std::move(*resolved);
  return Status::Ok();
}

bool HttpTransfer::NeedsCredentials() const {
  if (request_->client == nullptr || !request_->client->config().FetchesCredentials()) return false;
  const auto is_authorization = [](const auto& header) {
    return IsLowerAscii(header.first, "authorization");
  };
  return credentials_ == nullptr && !left_origin_ && request_->aws_signature == nullptr &&
         std::none_of(request_->headers.begin(), request_->headers.end(), is_authorization);
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
  if (curl_error_ == nullptr) curl_error_ = std::make_unique<CurlError>();
  SetOption(handle, CURLOPT_ERRORBUFFER, curl_error_->data());
  SetOption(handle, CURLOPT_PATH_AS_IS, 1L);
  SetOption(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  // Redirects are followed here: libcurl would send custom headers to any origin.
  SetOption(handle, CURLOPT_FOLLOWLOCATION, 0L);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - now);
  // Zero would mean no timeout at all.
  SetOption(handle, CURLOPT_TIMEOUT_MS, std::max<long>(1, left.count()));
  if (request_->silence_max.count() > 0) {
    SetOption(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    SetOption(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request_->silence_max.count()));
  }
  SetOption(handle, CURLOPT_MAXAGE_CONN, kIdleConnectionSecondsMax);
  SetOption(handle, CURLOPT_MAXLIFETIME_CONN,
            static_cast<long>(request_->connection_age_max.count()));
  SetOption(handle, CURLOPT_DNS_SHUFFLE_ADDRESSES, request_->any_address ? 1L : 0L);
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
    status = SetClientOptions(handle, url_, *request_->client, *resolved_, lines_);
  }
  if (!request_->unix_socket.empty() && !left_origin_) {
    SetOption(handle, CURLOPT_PROXY, "");
    SetOption(handle, CURLOPT_UNIX_SOCKET_PATH, request_->unix_socket.c_str());
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
    SetOption(handle, CURLOPT_POSTFIELDS, request_->body->data());
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_->body->size()));
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
  const auto is = [header_name](std::string_view name) { return IsLowerAscii(header_name, name); };
  if (left_origin_ && (is("authorization") || is("cookie"))) return false;
  constexpr std::string_view kContent = "content-";
  const bool lost_body = request_->body != nullptr && !sends_body_;
  return !lost_body || !IsLowerAscii(header_name.substr(0, kContent.size()), kContent);
}

// Null for none.
const AwsSignature* HttpTransfer::Signature() const {
  if (left_origin_) return nullptr;
  if (request_->aws_signature != nullptr) return request_->aws_signature.get();
  return credentials_ == nullptr ? nullptr : credentials_->aws_signature.get();
}

void HttpTransfer::ForEachHeader(
    const std::function<void(const std::string&, const std::string&)>& take) const {
  bool has_authorization = false;
  for (const auto& [name, value] : request_->headers) {
    if (!IsSent(name)) continue;
    has_authorization = has_authorization || IsLowerAscii(name, "authorization");
    take(name, value);
  }
  if (resolved_ != nullptr) {
    for (const auto& [name, value] : resolved_->headers) take(name, value);
  }
  if (resolved_ != nullptr && !left_origin_) {
    for (const auto& [name, value] : resolved_->secret_headers) take(name, value);
    const std::string& authorization =
        credentials_ == nullptr ? resolved_->authorization : credentials_->authorization;
    if (!authorization.empty() && !has_authorization && Signature() == nullptr) {
      take("Authorization", authorization);
    }
  }
  if (request_->accept_gzip) take("Accept-Encoding", "gzip");
}

void HttpTransfer::SetHeaders() {
  bool has_type = false;
  const auto append = [&](const std::string& name, const std::string& value) {
    has_type = has_type || IsLowerAscii(name, "content-type");
    lines_.headers.AppendHeader(name, value);
  };
  ForEachHeader(std::ref(append));
  if (Signature() != nullptr) SetSignature();
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
  const bool follows = request_->follow_redirects &&
                       (request_->client == nullptr || request_->client->config().follow_redirects);
  const int status = head_.status;
  const bool keeps_method = status == 307 || status == 308;
  const bool changes_method = status == 301 || status == 302 || status == 303;
  if (!follows || !(keeps_method || (changes_method && !request_->redirects_keep_method))) {
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
    head_.headers.reserve(kUsualHeaders);
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
      request_->accept_gzip && encoding != head_.headers.end() && encoding->second == "gzip";
  if (!handler_->OnHead(head_)) {
    stop_ = Stop::kByHandler;
    return false;
  }
  if (gzip_body_) whole_size_ = WholeSize(head_);
  return true;
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
  if (whole_size_ == 0) return Unpack(bytes);
  if (whole_.empty() && bytes.size() == whole_size_) return UnpackWhole(bytes);
  if (whole_.empty()) whole_.reserve(whole_size_);
  whole_.append(bytes);
  return true;
}

bool HttpTransfer::UnpackWhole(std::string_view bytes) {
  const std::optional<std::string_view> body = unpacking_.whole.Decompress(bytes);
  return body.has_value() ? GiveBody(*body) : Unpack(bytes);
}

bool HttpTransfer::Unpack(std::string_view bytes) {
  if (gunzip_ == nullptr) gunzip_ = std::make_unique<GunzipStream>(unpacking_.scratch);
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

void HttpTransfer::FinishBody() {
  if (handler_ != nullptr && !head_given_ && again_ == Again::kNone) GiveHead();
  if (handler_ != nullptr && !whole_.empty()) UnpackWhole(whole_);
}

}  // namespace sluice::internal
