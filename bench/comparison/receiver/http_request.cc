#include "bench/comparison/receiver/http_request.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::bench {
namespace {

constexpr size_t kHeadMax = 64 << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// The value of a header whose name is given in lower case; empty when it is not there.
std::string_view HeaderOf(std::string_view lower_head, std::string_view name) {
  const std::string key = "\r\n" + std::string(name) + ":";
  const size_t at = lower_head.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view value = lower_head.substr(at + key.size());
  value = value.substr(0, value.find('\r'));
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  return value;
}

}  // namespace

bool HttpReader::ReadMore(size_t wanted) {
  if (memory_.size() < wanted) memory_.resize(std::max(wanted, 2 * memory_.size()));
  while (filled_ < wanted) {
    const ssize_t got = recv(socket_, memory_.data() + filled_, memory_.size() - filled_, 0);
    if (got <= 0) return false;
    filled_ += static_cast<size_t>(got);
  }
  return true;
}

bool HttpReader::Next(HttpRequest& request) {
  std::memmove(memory_.data(), memory_.data() + consumed_, filled_ - consumed_);
  filled_ -= consumed_;
  consumed_ = 0;
  size_t end = std::string::npos;
  while ((end = std::string_view(memory_.data(), filled_).find("\r\n\r\n")) == std::string::npos) {
    if (filled_ > kHeadMax || !ReadMore(filled_ + 1)) return false;
  }
  std::string head = memory_.substr(0, end + 2);
  std::transform(head.begin(), head.end(), head.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string_view length = HeaderOf(head, "content-length");
  size_t size = 0;
  std::from_chars(length.data(), length.data() + length.size(), size);
  if (size > body_max_) return false;
  if (!HeaderOf(head, "expect").empty())
    send(socket_, kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
  if (!ReadMore(end + 4 + size)) return false;
  request.encoding = HeaderOf(head, "content-encoding");
  request.version2 = HeaderOf(head, "content-type").find("write.v2") != std::string_view::npos;
  request.body = std::string_view(memory_).substr(end + 4, size);
  consumed_ = end + 4 + size;
  return true;
}

bool HttpReader::Answer(uint64_t samples_written) {
  const std::string answer =
      "HTTP/1.1 204 No Content\r\nX-Prometheus-Remote-Write-Samples-Written: " +
      std::to_string(samples_written) +
      "\r\nX-Prometheus-Remote-Write-Histograms-Written: 0\r\n"
      "X-Prometheus-Remote-Write-Exemplars-Written: 0\r\n\r\n";
  return send(socket_, answer.data(), answer.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(answer.size());
}

}  // namespace sluice::bench
