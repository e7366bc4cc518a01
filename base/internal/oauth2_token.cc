#include "base/internal/oauth2_token.h"

#include <charconv>
#include <string_view>
#include <utility>

#include "base/internal/http_text.h"
#include "base/yaml.h"

namespace sluice::internal {
namespace {

constexpr std::chrono::seconds kFetchTimeout{10};
// Such a life means for ever.
constexpr int64_t kSecondsMax = int64_t{10} * 365 * 24 * 3600;

void AppendField(std::string& form, std::string_view name, std::string_view value) {
  if (!form.empty()) form += '&';
  form += EncodeForm(name) + "=" + EncodeForm(value);
}

Error Failure(const std::string& why) { return {ErrorCode::kRetryable, why}; }

std::string Field(const YamlNode& map, std::string_view name) {
  for (const auto& [key, value] : map.entries) {
    if (key.scalar == name && value.kind == YamlNode::Kind::kScalar) return value.scalar;
  }
  return {};
}

Error Refusal(int http_status, const Result<YamlNode>& answer) {
  std::string message = "the token endpoint answered with status " + std::to_string(http_status);
  if (!answer.ok()) return Failure(message);
  const std::string error = Field(*answer, "error");
  const std::string description = Field(*answer, "error_description");
  if (!error.empty()) message += ": " + PrintableWords(error);
  if (!description.empty()) message += ": " + PrintableWords(description);
  return Failure(message);
}

std::string HeaderType(const std::string& type) {
  return type.empty() || LowerAscii(type) == "bearer" ? "Bearer" : type;
}

}  // namespace

std::string ScopeText(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

HttpRequest OAuth2TokenRequest(const OAuth2Config& config, const std::string& secret,
                               OAuth2Style style) {
  HttpRequest request;
  request.method = "POST";
  request.url = config.token_url;
  request.timeout = kFetchTimeout;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  std::string form;
  AppendField(form, "grant_type", "client_credentials");
  const std::string scopes = ScopeText(config.scopes);
  if (!scopes.empty()) AppendField(form, "scope", scopes);
  for (const auto& [name, value] : config.endpoint_params) AppendField(form, name, value);
  if (style == OAuth2Style::kHeader) {
    const std::string credentials = EncodeForm(config.client_id) + ":" + EncodeForm(secret);
    request.headers.emplace_back("Authorization", "Basic " + EncodeBase64(credentials));
  } else {
    AppendField(form, "client_id", config.client_id);
    if (!secret.empty()) AppendField(form, "client_secret", secret);
  }
  request.body = std::make_shared<const std::string>(std::move(form));
  return request;
}

Result<Credentials> ParseOAuth2Answer(int http_status, const std::string& body,
                                      std::chrono::steady_clock::time_point now) {
  // JSON is YAML, nearly; what differs does not occur in tokens.
  const Result<YamlNode> answer = ParseYaml(body, "token");
  if (http_status < 200 || http_status > 299) return Refusal(http_status, answer);
  if (!answer.ok() || answer->kind != YamlNode::Kind::kMap) {
    return Failure("the answer of the token endpoint is not a JSON object");
  }
  const std::string token = Field(*answer, "access_token");
  if (token.empty()) return Failure("the answer of the token endpoint has no access_token");
  Credentials result;
  result.authorization = HeaderType(Field(*answer, "token_type")) + " " + token;
  if (!IsHttpHeaderValue(result.authorization)) {
    return Failure("the access_token cannot be sent in a header");
  }
  const std::string expires = Field(*answer, "expires_in");
  double seconds = 0;
  std::from_chars(expires.data(), expires.data() + expires.size(), seconds);
  if (seconds > 0 && seconds < static_cast<double>(kSecondsMax)) {
    result.good_until = now + std::chrono::seconds(static_cast<int64_t>(seconds)) - kTokenMargin;
  }
  return result;
}

}  // namespace sluice::internal
