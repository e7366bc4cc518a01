#include "base/internal/google_flow.h"

#include <chrono>
#include <utility>

#include "base/file.h"
#include "base/internal/http_text.h"
#include "base/internal/oauth2_token.h"
#include "base/internal/token_request.h"
#include "base/json.h"
#include "base/jwt.h"

namespace sluice::internal {
namespace {

constexpr std::chrono::hours kAssertionLife{1};
// Where there is no such service, nobody may answer at all.
constexpr std::chrono::seconds kMachineTimeout{2};
constexpr size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kTokenUrl = "https://oauth2.googleapis.com/token";

Error Unusable(const std::string& why) {
  return InvalidInput("error parsing Google credentials file: " + why);
}

std::string TokenUrl(const JsonView& root) {
  const std::string_view url = root["token_uri"].Text();
  return std::string(url.empty() ? kTokenUrl : url);
}

// Where Google's own tools leave what a user logged in with.
std::string FileOfUser(const Environment& environment) {
  const std::string home = Variable(environment, "HOME");
  return home.empty() ? "" : home + "/.config/gcloud/application_default_credentials.json";
}

}  // namespace

Environment ReadGoogleEnvironment() {
  return ReadEnvironment({"GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "HOME"});
}

GoogleFlow::GoogleFlow(GoogleConfig config, std::shared_ptr<const HttpClient> client,
                       Environment environment)
    : config_(std::move(config)),
      client_(std::move(client)),
      environment_(std::move(environment)) {}

Result<FlowStep> GoogleFlow::Begin(const ResolvedHttpClient& /*client*/, const FlowTime& time) {
  std::string file = config_.credentials_file;
  if (file.empty()) file = Variable(environment_, "GOOGLE_APPLICATION_CREDENTIALS");
  const bool is_named = !file.empty();
  if (!is_named) file = FileOfUser(environment_);
  if (file.empty()) return AskMachine();
  const Result<std::string> content = ReadFile(file, kFileBytesMax);
  if (content.ok()) return AskWithFile(*content, time);
  if (!is_named && content.error().code == ErrorCode::kNotFound) return AskMachine();
  return content.error().WithContext("error reading Google credentials file");
}

Result<FlowStep> GoogleFlow::AskWithFile(const std::string& content, const FlowTime& time) const {
  const auto document = JsonDocument::Parse(content);
  if (!document.ok()) return Unusable("not JSON");
  const JsonView root = (*document)->root();
  const std::string type(root["type"].Text());
  if (type == "authorized_user") {
    return FlowStep(TokenRequest(TokenUrl(root),
                                 {{"grant_type", "refresh_token"},
                                  {"client_id", std::string(root["client_id"].Text())},
                                  {"client_secret", std::string(root["client_secret"].Text())},
                                  {"refresh_token", std::string(root["refresh_token"].Text())}},
                                 client_));
  }
  if (type != "service_account") {
    return Unusable("the type " + JsonString(PrintableWords(type)) + " is not supported");
  }
  JsonMembers claims = {{"iss", JsonString(root["client_email"].Text())},
                        {"scope", JsonString(config_.scope)},
                        {"aud", JsonString(TokenUrl(root))}};
  AppendLife(claims, time.wall_ms, kAssertionLife);
  JsonMembers header;
  const std::string_view key_id = root["private_key_id"].Text();
  if (!key_id.empty()) header.emplace_back("kid", JsonString(key_id));
  Result<std::string> assertion =
      SignJwt(root["private_key"].Text(), RsaDigest::kSha256, std::move(header), claims);
  if (!assertion.ok()) return Unusable("private_key: " + assertion.error().message);
  return FlowStep(TokenRequest(
      TokenUrl(root),
      {{"grant_type", std::string(kJwtBearerGrant)}, {"assertion", *std::move(assertion)}},
      client_));
}

FlowStep GoogleFlow::AskMachine() const {
  std::string host = Variable(environment_, "GCE_METADATA_HOST");
  if (host.empty()) host = "169.254.169.254";
  HttpRequest request;
  request.url = "http://" + host +
                "/computeMetadata/v1/instance/service-accounts/default/token?scopes=" +
                EncodeForm(config_.scope);
  request.headers = {{"Metadata-Flavor", "Google"}};
  request.timeout = kMachineTimeout;
  request.follow_redirects = false;
  return request;
}

Result<FlowStep> GoogleFlow::Next(const FlowAnswer& answer, const FlowTime& time) {
  if (!answer.status.ok()) return answer.status.error();
  Result<Credentials> token = ParseOAuth2Answer(answer.http_status, answer.body, time.now);
  if (!token.ok()) return token.error();
  RefreshEarly(*token, time);
  return FlowStep(*std::move(token));
}

}  // namespace sluice::internal
