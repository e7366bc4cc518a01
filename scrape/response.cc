#include "scrape/response.h"

#include <array>
#include <charconv>
#include <cstdint>

#include "base/public_url.h"

namespace sluice::scrape {
namespace {

// Only what can be parsed, the better first; quoted names are understood whatever the version.
constexpr std::string_view kAccept =
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

std::string Seconds(std::chrono::milliseconds duration) {
  std::array<char, 32> text;
  const double seconds = static_cast<double>(duration.count()) / 1000;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  return std::string(text.data(), end.ptr);
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// The phrase for servers that send none.
std::string_view StatusPhrase(int status) {
  struct Phrase {
    int status;
    std::string_view text;
  };

  static constexpr std::array<Phrase, 16> kPhrases = {{{204, "No Content"},
                                                       {301, "Moved Permanently"},
                                                       {302, "Found"},
                                                       {307, "Temporary Redirect"},
                                                       {308, "Permanent Redirect"},
                                                       {400, "Bad Request"},
                                                       {401, "Unauthorized"},
                                                       {403, "Forbidden"},
                                                       {404, "Not Found"},
                                                       {405, "Method Not Allowed"},
                                                       {406, "Not Acceptable"},
                                                       {429, "Too Many Requests"},
                                                       {500, "Internal Server Error"},
                                                       {502, "Bad Gateway"},
                                                       {503, "Service Unavailable"},
                                                       {504, "Gateway Timeout"}}};
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return {};
}

}  // namespace

HttpRequest ScrapeRequest(const std::string& url, std::chrono::milliseconds timeout,
                          bool enable_compression) {
  HttpRequest request;
  request.url = url;
  request.timeout = timeout;
  request.accept_gzip = enable_compression;
  request.headers = {{"Accept", std::string(kAccept)},
                     {"X-Prometheus-Scrape-Timeout-Seconds", Seconds(timeout)}};
  if (!enable_compression) request.headers.emplace_back("Accept-Encoding", "identity");
  return request;
}

Status CheckStatus(const HttpResponseHead& head) {
  constexpr int kOk = 200;
  if (head.status == kOk) return Status::Ok();
  const std::string phrase =
      head.reason.empty() ? std::string(StatusPhrase(head.status)) : head.reason;
  std::string message = "server returned HTTP status " + std::to_string(head.status);
  if (!phrase.empty()) message += " " + phrase;
  return InvalidInput(std::move(message));
}

Status CheckContentType(std::string_view content_type) {
  constexpr std::string_view kNoFallback = " and no fallback_scrape_protocol specified for target";
  std::string_view media_type = content_type.substr(0, content_type.find(';'));
  while (!media_type.empty() && media_type.back() == ' ') media_type.remove_suffix(1);
  while (!media_type.empty() && media_type.front() == ' ') media_type.remove_prefix(1);
  if (media_type.empty()) {
    return InvalidInput("non-compliant scrape target sending blank Content-Type" +
                        std::string(kNoFallback));
  }
  if (Lower(media_type) == "text/plain") return Status::Ok();
  return InvalidInput("received unsupported Content-Type \"" + std::string(content_type) + "\"" +
                      std::string(kNoFallback));
}

std::string TransferError(const std::string& url, const Error& error) {
  const bool is_timeout = error.code == ErrorCode::kTimeout;
  return "Get \"" + PublicUrl(url) +
         "\": " + (is_timeout ? "context deadline exceeded" : error.message);
}

}  // namespace sluice::scrape
