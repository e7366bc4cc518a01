#include "base/internal/http_transfer.h"

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace sluice::internal {
namespace {

constexpr long kRedirectsMax = 10;
// Longer than the longest usual scrape interval, so that such targets keep their connection too.
constexpr long kIdleConnectionSecondsMax = 600;

char LowerChar(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), LowerChar);
  return lower;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// RFC 9110, 5.6.2.
bool IsToken(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    const char lower = LowerChar(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

template <class T>
void SetOption(CURL* easy, CURLoption option, T value) {
  // Fails only for an unknown option or without memory; neither has a cure at run time.
  SLUICE_CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

std::string ErrnoText(CURL* easy, std::string_view fallback) {
  long code = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &code);
  if (code == 0) return std::string(fallback);
  std::string text = std::generic_category().message(static_cast<int>(code));
  if (!text.empty()) text.front() = LowerChar(text.front());
  return text;
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
  const std::string scheme = Lower(request.url.substr(0, 8));
  if (!scheme.starts_with("http://") && scheme != "https://") {
    return InvalidInput("bad URL: scheme must be http or https");
  }
  // libcurl would skip the extra slash of `http:///path`.
  if (UrlOrigin(request.url).ends_with('/')) return InvalidInput("bad URL: no host");
  if (request.url.size() > kHttpUrlBytesMax) return InvalidInput("bad URL: too long");
  // libcurl would take the text up to the first zero byte.
  if (request.url.find('\0') != std::string::npos) return InvalidInput("bad URL: zero byte");
  if (!IsToken(request.method)) return InvalidInput("bad HTTP method");
  for (const auto& [name, value] : request.headers) {
    if (!IsToken(name) || !IsHeaderValue(value)) return InvalidInput("bad HTTP header: " + name);
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
    : id_(id), request_(std::move(request)), handler_(&handler), scratch_(scratch) {}

void HttpTransfer::Attach(EasyHandle easy, const std::string& user_agent) {
  easy_ = std::move(easy);
  CURL* handle = easy_.get();
  SetOption(handle, CURLOPT_PRIVATE, this);
  SetOption(handle, CURLOPT_ERRORBUFFER, error_text_.data());
  SetOption(handle, CURLOPT_URL, request_.url.c_str());
  SetOption(handle, CURLOPT_PATH_AS_IS, 1L);
  SetOption(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  SetOption(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  SetOption(handle, CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
  SetOption(handle, CURLOPT_MAXREDIRS, kRedirectsMax);
  // Zero would mean no timeout at all.
  SetOption(handle, CURLOPT_TIMEOUT_MS, std::max<long>(1, request_.timeout.count()));
  SetOption(handle, CURLOPT_MAXAGE_CONN, kIdleConnectionSecondsMax);
  SetOption(handle, CURLOPT_NOSIGNAL, 1L);
  // A timeout must not wait for a resolver thread that hangs.
  SetOption(handle, CURLOPT_QUICK_EXIT, 1L);
  // libcurl walks its whole DNS cache for each request; connections are what is kept here.
  SetOption(handle, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
  SetOption(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  // Neither http_proxy nor the answers of a proxy to CONNECT concern the handler.
  SetOption(handle, CURLOPT_PROXY, "");
  SetOption(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  SetOption(handle, CURLOPT_HEADERFUNCTION, &HttpTransfer::OnHeaderLine);
  SetOption(handle, CURLOPT_HEADERDATA, this);
  SetOption(handle, CURLOPT_WRITEFUNCTION, &HttpTransfer::OnBodyBytes);
  SetOption(handle, CURLOPT_WRITEDATA, this);
  if (!user_agent.empty()) SetOption(handle, CURLOPT_USERAGENT, user_agent.c_str());
  SetMethodAndBody();
  SetHeaders();
}

EasyHandle HttpTransfer::Detach() {
  curl_easy_reset(easy_.get());
  return std::move(easy_);
}

void HttpTransfer::SetMethodAndBody() {
  CURL* handle = easy_.get();
  if (request_.body != nullptr) {
    SetOption(handle, CURLOPT_POST, 1L);
    SetOption(handle, CURLOPT_POSTFIELDS, request_.body->data());
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
    if (request_.method != "POST") {
      SetOption(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    }
    return;
  }
  if (request_.method == "HEAD") {
    SetOption(handle, CURLOPT_NOBODY, 1L);
  } else if (request_.method == "POST") {
    SetOption(handle, CURLOPT_POST, 1L);
    SetOption(handle, CURLOPT_POSTFIELDS, "");
    SetOption(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{0});
  } else if (request_.method != "GET") {
    SetOption(handle, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
}

void HttpTransfer::SetHeaders() {
  curl_slist* list = nullptr;
  const auto append = [&list](const std::string& line) {
    curl_slist* longer = curl_slist_append(list, line.c_str());
    SLUICE_CHECK(longer != nullptr);
    list = longer;
  };
  bool has_type = false;
  for (const auto& [name, value] : request_.headers) {
    has_type = has_type || Lower(name) == "content-type";
    // libcurl's notation for a header with an empty value.
    append(value.empty() ? name + ";" : name + ": " + value);
  }
  if (request_.accept_gzip) append("Accept-Encoding: gzip");
  // Not libcurl's `application/x-www-form-urlencoded`, and no waiting for `100 Continue`.
  if (!has_type) append("Content-Type:");
  append("Expect:");
  header_list_.reset(list);
  SetOption(easy_.get(), CURLOPT_HTTPHEADER, list);
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
  if (!request_.follow_redirects || head_.status < 300 || head_.status > 399) return false;
  return std::any_of(head_.headers.begin(), head_.headers.end(),
                     [](const auto& header) { return header.first == "location"; });
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
    std::string_view rest = Trim(line.substr(code));
    std::from_chars(rest.data(), rest.data() + std::min<size_t>(rest.size(), 3), head_.status);
    rest.remove_prefix(std::min(rest.find(' '), rest.size()));
    head_.reason = Trim(rest);
    return true;
  }
  const size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string name = Lower(Trim(line.substr(0, colon)));
    std::string value(Trim(line.substr(colon + 1)));
    if (name == "content-type") head_.content_type = value;
    if (name == "retry-after") head_.retry_after = value;
    head_.headers.emplace_back(std::move(name), std::move(value));
    return true;
  }
  const bool at_end = Trim(line).empty();
  if (!at_end || head_.status < 200 || WillRedirect()) return true;
  return GiveHead();
}

bool HttpTransfer::GiveHead() {
  head_given_ = true;
  for (const auto& [name, value] : head_.headers) {
    if (name == "content-encoding") gzip_body_ = request_.accept_gzip && Lower(value) == "gzip";
  }
  if (handler_->OnHead(head_)) return true;
  stop_ = Stop::kByHandler;
  return false;
}

bool HttpTransfer::TakeBody(std::string_view bytes) {
  if (handler_ == nullptr) return false;
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
  if (handler_ != nullptr && !head_given_) GiveHead();
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
      if (head_.status != 0) return Retryable("bad URL in a redirect");
      return InvalidInput("bad URL: " + request_.url);
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
    case CURLE_RECV_ERROR:
      return Retryable("receive: " + ErrnoText(handle, error_text_.data()));
    case CURLE_SEND_ERROR:
      return Retryable("send: " + ErrnoText(handle, error_text_.data()));
    case CURLE_TOO_MANY_REDIRECTS:
      return Retryable("too many redirects");
    default:
      break;
  }
  const std::string_view detail = error_text_.data();
  return Retryable("http: " + std::string(detail.empty() ? curl_easy_strerror(code) : detail));
}

}  // namespace sluice::internal
