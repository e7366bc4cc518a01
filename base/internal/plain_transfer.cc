// What a transfer does when it goes around libcurl: see PlainHttp.
#include <algorithm>
#include <string>
#include <string_view>

#include "base/internal/http_text.h"
#include "base/internal/http_transfer.h"

namespace sluice::internal {

bool HttpTransfer::IsPlainGet() const {
  const bool to_socket = !request_.unix_socket.empty() && !left_origin_;
  return method_ == "GET" && !sends_body_ && !to_socket && request_.silence_max.count() == 0 &&
         Signature() == nullptr &&
         (request_.client == nullptr || request_.client->ProxyFor(url_).empty());
}

void HttpTransfer::AttachPlain() {
  plain_end_.reset();
  error_text_.front() = '\0';
}

void HttpTransfer::EndPlain(const PlainEnd& end) {
  plain_end_ = end;
  const size_t size = std::min(end.detail.size(), error_text_.size() - 1);
  std::copy_n(end.detail.begin(), size, error_text_.begin());
  error_text_[size] = '\0';
}

std::string HttpTransfer::PlainRequest(std::string_view host, std::string_view target,
                                       const std::string& user_agent) const {
  std::string lines;
  bool has_host = false;
  bool has_agent = user_agent.empty();
  bool has_accept = false;
  ForEachHeader([&](const std::string& name, const std::string& value) {
    const std::string lower = LowerAscii(name);
    has_host = has_host || lower == "host";
    has_agent = has_agent || lower == "user-agent";
    has_accept = has_accept || lower == "accept";
    lines.append(name).append(": ").append(value).append("\r\n");
  });
  std::string text = "GET ";
  text.append(target).append(" HTTP/1.1\r\n");
  if (!has_host) text.append("Host: ").append(host).append("\r\n");
  if (!has_agent) text.append("User-Agent: ").append(user_agent).append("\r\n");
  if (!has_accept) text.append("Accept: */*\r\n");
  return text.append(lines).append("\r\n");
}

}  // namespace sluice::internal
