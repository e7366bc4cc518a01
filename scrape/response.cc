#include "scrape/response.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <set>

#include "base/public_url.h"
#include "base/utf8.h"

namespace sluice::scrape {
namespace {

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

bool IsTokenChar(char c) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kPunctuation.find(c) != std::string_view::npos;
}

void SkipBlanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

// Takes a token off the front; empty when there is none.
std::string_view TakeToken(std::string_view& text) {
  const auto* const end = std::find_if_not(text.begin(), text.end(), IsTokenChar);
  const std::string_view token = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(token.size());
  return token;
}

bool SkipQuoted(std::string_view& text) {
  if (text.empty() || text.front() != '"') return false;
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// `;name=value` any number of times, and perhaps a last semicolon.
bool AreParameters(std::string_view text) {
  std::set<std::string> names;
  while (true) {
    SkipBlanks(text);
    if (text.empty()) return true;
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    SkipBlanks(text);
    if (text.empty()) return true;
    const std::string name = Lower(TakeToken(text));
    SkipBlanks(text);
    if (name.empty() || text.empty() || text.front() != '=') return false;
    text.remove_prefix(1);
    SkipBlanks(text);
    if (TakeToken(text).empty() && !SkipQuoted(text)) return false;
    if (!names.insert(name).second) return false;
  }
}

// In lower case; empty when the type is ill-formed (RFC 2045).
std::string MediaTypeOf(std::string_view content_type) {
  SkipBlanks(content_type);
  std::string type(TakeToken(content_type));
  if (type.empty()) return {};
  if (!content_type.empty() && content_type.front() == '/') {
    content_type.remove_prefix(1);
    const std::string_view subtype = TakeToken(content_type);
    if (subtype.empty()) return {};
    type.append("/").append(subtype);
  }
  return AreParameters(content_type) ? Lower(type) : "";
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
                          const JobConfig& job) {
  HttpRequest request;
  request.url = url;
  request.timeout = timeout;
  request.accept_gzip = job.enable_compression;
  request.headers = {
      {"Accept", AcceptHeader(job.scrape_protocols, job.metric_name_escaping_scheme)},
      {"X-Prometheus-Scrape-Timeout-Seconds", Seconds(timeout)}};
  if (!job.enable_compression) request.headers.emplace_back("Accept-Encoding", "identity");
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

Result<PageFormat> FormatOf(std::string_view content_type, std::optional<ScrapeProtocol> fallback) {
  constexpr std::string_view kNoFallback = " and no fallback_scrape_protocol specified for target";
  const std::string media_type = MediaTypeOf(content_type);
  if (media_type == "text/plain") return PageFormat::kPrometheusText;
  if (media_type == "application/openmetrics-text") return PageFormat::kOpenMetrics;
  if (media_type == "application/vnd.google.protobuf") return PageFormat::kProtobuf;
  if (fallback.has_value()) return FormatOf(*fallback);
  if (content_type.empty()) {
    return InvalidInput("non-compliant scrape target sending blank Content-Type" +
                        std::string(kNoFallback));
  }
  const std::string quoted = QuoteText(content_type);
  if (media_type.empty()) {
    return InvalidInput("cannot parse Content-Type " + quoted + std::string(kNoFallback));
  }
  return InvalidInput("received unsupported Content-Type " + quoted + std::string(kNoFallback));
}

std::string TransferError(const std::string& url, const Error& error) {
  const bool is_timeout = error.code == ErrorCode::kTimeout;
  return "Get \"" + PublicUrl(url) +
         "\": " + (is_timeout ? "context deadline exceeded" : error.message);
}

}  // namespace sluice::scrape
