// How a transfer ended, in words for people.
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/internal/http_text.h"
#include "base/internal/http_transfer.h"
#include "base/public_url.h"

namespace sluice::internal {
namespace {

std::string ErrnoText(int code, std::string_view fallback) {
  if (code == 0) return std::string(fallback);
  std::string text = std::generic_category().message(code);
  if (!text.empty()) text.front() = LowerAscii(text.substr(0, 1)).front();
  return text;
}

// Of a failed system call. libcurl's `detail` starts with `what` when it was one, and is its own
// finding about what it read otherwise: then the number is that of an older call.
std::string FailureText(int os_error, std::string_view detail, std::string_view what) {
  if (!detail.empty() && !detail.starts_with(what)) return LowerAscii(detail);
  return ErrnoText(os_error, detail);
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

HttpOutcome HttpTransfer::Outcome(CURLcode code) {
  HttpOutcome outcome;
  outcome.status = EndStatus(code);
  outcome.http_status = head_.status;
  outcome.wire_bytes = wire_bytes_;
  long connects = plain_end_.has_value() && !plain_end_->reused ? 1 : 0;
  if (easy_ != nullptr) curl_easy_getinfo(easy_.get(), CURLINFO_NUM_CONNECTS, &connects);
  outcome.connection_reused = head_.status != 0 && connects == 0;
  return outcome;
}

int HttpTransfer::OsError() const {
  if (easy_ == nullptr) return plain_end_.has_value() ? plain_end_->os_error : 0;
  long code = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &code);
  return static_cast<int>(code);
}

std::string_view HttpTransfer::ErrorText() const {
  if (easy_ != nullptr) return curl_error_->data();
  return plain_end_.has_value() ? plain_end_->detail : std::string_view();
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
  if (IsTlsError(code)) return Retryable("tls: " + std::string(ErrorText()));
  switch (code) {
    case CURLE_OK:
      if (gunzip_ != nullptr && !gunzip_->complete()) return Retryable("invalid gzip body");
      return Status::Ok();
    case CURLE_URL_MALFORMAT:
      if (redirects_ > 0) return Retryable("bad URL in a redirect");
      return InvalidInput("bad URL: " + PublicUrl(request_->url));
    case CURLE_COULDNT_RESOLVE_HOST:
      return Retryable("resolve: no such host");
    case CURLE_COULDNT_CONNECT:
      return Retryable("connect: " + ErrnoText(OsError(), "failed"));
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
      if (ErrorText() == kNoHttpText) return Retryable("malformed HTTP response");
      break;
    case CURLE_RECV_ERROR:
      return Retryable("receive: " + FailureText(OsError(), ErrorText(), "Recv failure"));
    case CURLE_SEND_ERROR:
      return Retryable("send: " + FailureText(OsError(), ErrorText(), "Send failure"));
    case CURLE_COULDNT_RESOLVE_PROXY:
      // libcurl's own words may have the URL of the proxy in them, with its password.
      return Retryable("proxy: no such host, or an unusable URL");
    default:
      break;
  }
  const std::string_view detail = ErrorText();
  return Retryable("http: " + std::string(detail.empty() ? curl_easy_strerror(code) : detail));
}

}  // namespace sluice::internal
