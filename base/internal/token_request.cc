#include "base/internal/token_request.h"

#include <chrono>

#include "base/file.h"
#include "base/internal/http_text.h"

namespace sluice::internal {
namespace {

constexpr std::chrono::seconds kFetchTimeout{10};
constexpr size_t kFileBytesMax = 1 << 20;

void AppendHex(std::string& out, uint64_t bits, int digits) {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (int i = digits - 1; i >= 0; --i) out += kHex[(bits >> (4 * i)) & 15];
}

}  // namespace

HttpRequest TokenRequest(std::string url, const FormFields& form,
                         std::shared_ptr<const HttpClient> client) {
  HttpRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.timeout = kFetchTimeout;
  request.follow_redirects = false;
  request.client = std::move(client);
  std::string body;
  for (const auto& [name, value] : form) {
    if (!body.empty()) body += '&';
    body += EncodeForm(name) + "=" + EncodeForm(value);
  }
  request.body = std::make_shared<const std::string>(std::move(body));
  return request;
}

void AppendLife(JsonMembers& claims, TimestampMs now_ms, std::chrono::seconds life) {
  const int64_t now_s = now_ms / 1000;
  claims.emplace_back("iat", std::to_string(now_s));
  claims.emplace_back("exp", std::to_string(now_s + life.count()));
}

std::string RandomUuid(const FlowTime& time) {
  const uint64_t high = (time.random[0] & ~uint64_t{0xf000}) | 0x4000;
  const uint64_t low = (time.random[1] & ~(uint64_t{3} << 62)) | (uint64_t{1} << 63);
  std::string uuid;
  AppendHex(uuid, high >> 32, 8);
  uuid += '-';
  AppendHex(uuid, high >> 16, 4);
  uuid += '-';
  AppendHex(uuid, high, 4);
  uuid += '-';
  AppendHex(uuid, low >> 48, 4);
  uuid += '-';
  AppendHex(uuid, low, 12);
  return uuid;
}

void RefreshEarly(Credentials& credentials, const FlowTime& time) {
  if (!credentials.good_until.has_value()) return;
  const auto life = *credentials.good_until - time.now;
  credentials.refresh_at = *credentials.good_until - life / 4;
}

Result<std::string> ReadCredentialFile(const std::string& path, std::string_view what) {
  const Result<std::string> content = ReadFile(path, kFileBytesMax);
  if (content.ok()) return std::string(TrimBlank(*content));
  return Error{ErrorCode::kRetryable,
               "unable to read the " + std::string(what) + ": " + content.error().message};
}

}  // namespace sluice::internal
