#include "base/internal/url_parts.h"

#include <memory>

#include <curl/curl.h>

#include "base/internal/http_text.h"

namespace sluice::internal {
namespace {

constexpr unsigned kUrlFlags = CURLU_PATH_AS_IS | CURLU_URLENCODE;

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

// Null when it is no URL.
UrlHandle Parse(const std::string& url) {
  UrlHandle handle(curl_url());
  if (handle == nullptr) return nullptr;
  if (curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), kUrlFlags) != CURLUE_OK) {
    return nullptr;
  }
  return handle;
}

std::string Part(const UrlHandle& url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

std::string WholeUrl(const UrlHandle& url) {
  char* text = nullptr;
  if (curl_url_get(url.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

UrlParts PartsOf(const UrlHandle& url) {
  return {.scheme = LowerAscii(Part(url, CURLUPART_SCHEME)),
          .host = LowerAscii(Part(url, CURLUPART_HOST)),
          .port = Part(url, CURLUPART_PORT)};
}

}  // namespace

std::optional<UrlParts> SplitUrl(const std::string& url) {
  const UrlHandle handle = Parse(url);
  if (handle == nullptr) return std::nullopt;
  UrlParts parts = PartsOf(handle);
  if (parts.host.empty() || parts.port.empty()) return std::nullopt;
  return parts;
}

std::string WithHost(const std::string& url, const std::string& host, const std::string& port) {
  const UrlHandle handle = Parse(url);
  if (handle == nullptr) return url;
  if (curl_url_set(handle.get(), CURLUPART_HOST, host.c_str(), 0) != CURLUE_OK) return url;
  if (curl_url_set(handle.get(), CURLUPART_PORT, port.c_str(), 0) != CURLUE_OK) return url;
  return WholeUrl(handle);
}

std::optional<std::string> ResolveLocation(const std::string& base, const std::string& location) {
  const UrlHandle from = Parse(base);
  const UrlHandle to = Parse(base);
  if (from == nullptr || to == nullptr || location.empty()) return std::nullopt;
  if (curl_url_set(to.get(), CURLUPART_URL, location.c_str(), kUrlFlags) != CURLUE_OK) {
    return std::nullopt;
  }
  const UrlParts parts = PartsOf(to);
  if (parts.host.empty() || (parts.scheme != "http" && parts.scheme != "https")) {
    return std::nullopt;
  }
  const std::string user = Part(from, CURLUPART_USER);
  if (PartsOf(from) == parts && !user.empty() && Part(to, CURLUPART_USER).empty()) {
    curl_url_set(to.get(), CURLUPART_USER, user.c_str(), 0);
    curl_url_set(to.get(), CURLUPART_PASSWORD, Part(from, CURLUPART_PASSWORD).c_str(), 0);
  }
  return WholeUrl(to);
}

bool MaySendCredentials(const std::string& from, const std::string& to) {
  const auto before = SplitUrl(from);
  const auto after = SplitUrl(to);
  if (!before || !after || before->host != after->host) return false;
  const bool is_upgrade = before->scheme == "http" && before->port == "80" &&
                          after->scheme == "https" && after->port == "443";
  return *before == *after || is_upgrade;
}

}  // namespace sluice::internal
