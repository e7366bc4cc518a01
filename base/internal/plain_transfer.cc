// What a transfer does when it goes around libcurl: see PlainHttp.
#include <functional>
#include <string>
#include <string_view>

#include "base/internal/http_text.h"
#include "base/internal/http_transfer.h"

namespace sluice::internal {
namespace {

constexpr size_t kUsualHeadBytes = 512;

}  // namespace

bool HttpTransfer::IsPlain() const {
  const bool to_socket = !request_->unix_socket.empty() && !left_origin_;
  const bool is_usual = sends_body_ ? method_ == "POST" : method_ == "GET";
  return is_usual && !to_socket && request_->silence_max.count() == 0 && Signature() == nullptr &&
         (request_->client == nullptr || request_->client->ProxyFor(url_).empty());
}

void HttpTransfer::AttachPlain(uint64_t connection) {
  plain_connection_ = connection;
  plain_end_.reset();
}

void HttpTransfer::EndPlain(const PlainEnd& end) {
  plain_connection_.reset();
  plain_end_ = end;
}

std::string_view HttpTransfer::PlainBody() const {
  return sends_body_ ? std::string_view(*request_->body) : std::string_view();
}

std::string HttpTransfer::PlainHead(std::string_view host, std::string_view target,
                                    const std::string& user_agent) const {
  std::string lines;
  lines.reserve(kUsualHeadBytes);
  bool has_host = false;
  bool has_agent = user_agent.empty();
  bool has_accept = false;
  const auto append = [&](const std::string& name, const std::string& value) {
    has_host = has_host || IsLowerAscii(name, "host");
    has_agent = has_agent || IsLowerAscii(name, "user-agent");
    has_accept = has_accept || IsLowerAscii(name, "accept");
    lines.append(name).append(": ").append(value).append("\r\n");
  };
  ForEachHeader(std::ref(append));
  std::string text;
  text.reserve(target.size() + host.size() + user_agent.size() + lines.size() + kUsualHeadBytes);
  text.append(method_).append(" ").append(target).append(" HTTP/1.1\r\n");
  if (!has_host) text.append("Host: ").append(host).append("\r\n");
  if (!has_agent) text.append("User-Agent: ").append(user_agent).append("\r\n");
  if (!has_accept) text.append("Accept: */*\r\n");
  if (sends_body_) {
    text.append("Content-Length: ").append(std::to_string(PlainBody().size())).append("\r\n");
  }
  return text.append(lines).append("\r\n");
}

}  // namespace sluice::internal
