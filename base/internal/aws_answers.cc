#include "base/internal/aws_answers.h"

#include <memory>
#include <string_view>

#include "base/internal/http_text.h"
#include "base/json.h"
#include "base/utc_time.h"
#include "base/xml.h"

namespace sluice::internal {
namespace {

Error Failure(std::string message) { return {ErrorCode::kRetryable, std::move(message)}; }

// Of texts that came over the network.
Result<AwsCredentials> Keys(std::string_view access_key, std::string_view secret_key,
                            std::string_view session_token, std::string_view expiration) {
  AwsCredentials keys;
  keys.access_key = access_key;
  keys.secret_key = Secret(std::string(secret_key));
  keys.session_token = Secret(std::string(session_token));
  if (access_key.empty() || secret_key.empty()) return Failure("the answer has no keys in it");
  if (!IsHttpHeaderValue(access_key) || !IsHttpHeaderValue(session_token)) {
    return Failure("the keys in the answer cannot be sent in a header");
  }
  if (expiration.empty()) return keys;
  keys.expires_ms = ParseUtcTime(expiration);
  if (!keys.expires_ms) return Failure("the expiration in the answer is not a time");
  return keys;
}

}  // namespace

Result<AwsCredentials> ParseAwsKeys(const std::string& body) {
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return Failure("the answer is not JSON");
  const JsonView root = (*document)->root();
  if (const std::string_view code = root["Code"].Text(); !code.empty() && code != "Success") {
    return Failure(PrintableWords(code) + ": " + PrintableWords(root["Message"].Text()));
  }
  return Keys(root["AccessKeyId"].Text(), root["SecretAccessKey"].Text(), root["Token"].Text(),
              root["Expiration"].Text());
}

Result<AwsCredentials> ParseStsKeys(int http_status, const std::string& body) {
  const Result<XmlElement> root = ParseXml(body);
  constexpr int kOk = 200;
  if (http_status != kOk) {
    std::string message = "answered with status " + std::to_string(http_status);
    const XmlElement* error = root.ok() ? root->Child("Error") : nullptr;
    if (error != nullptr) {
      message += ": " + PrintableWords(error->TextOf("Code")) + ": " +
                 PrintableWords(error->TextOf("Message"));
    }
    return Failure(message);
  }
  if (!root.ok()) return Failure("the answer is not XML");
  // AssumeRoleResult or AssumeRoleWithWebIdentityResult.
  for (const XmlElement& result : root->children) {
    const XmlElement* keys = result.Child("Credentials");
    if (keys == nullptr) continue;
    return Keys(keys->TextOf("AccessKeyId"), keys->TextOf("SecretAccessKey"),
                keys->TextOf("SessionToken"), keys->TextOf("Expiration"));
  }
  return Failure("the answer has no keys in it");
}

Result<std::string> ParseInstanceRegion(const std::string& body) {
  const auto document = JsonDocument::Parse(body);
  if (!document.ok()) return Failure("the identity document is not JSON");
  const std::string region((*document)->root()["region"].Text());
  if (region.empty()) return Failure("the identity document has no region");
  return region;
}

}  // namespace sluice::internal
