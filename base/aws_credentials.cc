#include "base/aws_credentials.h"

#include <chrono>
#include <utility>

#include "base/file.h"
#include "base/internal/aws_answers.h"
#include "base/internal/aws_sources.h"
#include "base/internal/http_text.h"

namespace sluice {
namespace {

using internal::AwsContainer;
using internal::AwsInstance;
using internal::AwsKeys;
using internal::AwsRole;
using internal::AwsWebIdentity;
using internal::EncodeForm;
using internal::TrimBlank;

constexpr size_t kFileBytesMax = 1 << 20;
// Where there is no such service, nobody may answer at all.
constexpr std::chrono::seconds kMachineTimeout{2};
constexpr std::chrono::seconds kStsTimeout{10};
constexpr std::string_view kTokenPath = "/latest/api/token";
constexpr std::string_view kRegionPath = "/latest/dynamic/instance-identity/document";
constexpr std::string_view kRolesPath = "/latest/meta-data/iam/security-credentials/";

Error Retryable(std::string message) { return {ErrorCode::kRetryable, std::move(message)}; }

// Empty where there is none.
Result<std::string> ReadIfThere(const std::string& path) {
  if (path.empty()) return std::string();
  Result<std::string> content = ReadFile(path, kFileBytesMax);
  if (!content.ok() && content.error().code == ErrorCode::kNotFound) return std::string();
  return content;
}

// Read again for each search: such tokens are replaced all the time.
Result<std::string> ReadToken(const std::string& path, std::string_view what) {
  const Result<std::string> content = ReadFile(path, kFileBytesMax);
  if (!content.ok()) {
    return Retryable("unable to read the " + std::string(what) + ": " + content.error().message);
  }
  return std::string(TrimBlank(*content));
}

HttpRequest MachineRequest(std::string url) {
  HttpRequest request;
  request.url = std::move(url);
  request.timeout = kMachineTimeout;
  request.follow_redirects = false;
  return request;
}

std::string SessionName(const std::string& wanted, TimestampMs now_ms) {
  return wanted.empty() ? "sluice-" + std::to_string(now_ms) : wanted;
}

std::shared_ptr<const HttpClient> StsClient(const Environment& environment) {
  HttpClientConfig config;
  config.proxy.from_environment = true;
  config.tls.ca_file = Variable(environment, "AWS_CA_BUNDLE");
  config.follow_redirects = false;
  return std::make_shared<const HttpClient>(std::move(config));
}

std::string StsUrl(const Environment& environment, const std::string& region, bool fips) {
  for (const char* name : {"AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"}) {
    if (std::string url = Variable(environment, name); !url.empty()) return url;
  }
  // The endpoints of this partition are such without saying so.
  const bool says_fips = fips && !region.starts_with("us-gov-");
  return AwsServiceUrl(says_fips ? "sts-fips" : "sts", region) + "/";
}

}  // namespace

AwsSignature AwsCredentials::For(std::string service) const {
  return {.region = region,
          .service = std::move(service),
          .access_key = access_key,
          .secret_key = secret_key,
          .session_token = session_token};
}

Environment ReadAwsEnvironment() { return ReadEnvironment({"AWS_", "HOME"}); }

std::string AwsServiceUrl(std::string_view service, std::string_view region) {
  std::string_view domain = "amazonaws.com";
  if (region.starts_with("cn-")) domain = "amazonaws.com.cn";
  if (region.starts_with("us-iso-")) domain = "c2s.ic.gov";
  if (region.starts_with("us-isob-")) domain = "sc2s.sgov.gov";
  return "https://" + std::string(service) + "." + std::string(region) + "." + std::string(domain);
}

AwsCredentialSearch::AwsCredentialSearch(AwsConfig config, Environment environment, Goal goal)
    : config_(std::move(config)),
      environment_(std::move(environment)),
      goal_(goal),
      sts_client_(StsClient(environment_)) {}

AwsCredentialSearch::~AwsCredentialSearch() = default;

Result<AwsCredentialSearch::Step> AwsCredentialSearch::Begin(TimestampMs now_ms) {
  now_ms_ = now_ms;
  sources_ = nullptr;
  asked_ = Asked::kNothing;
  metadata_token_.reset();
  role_name_.clear();
  keys_.reset();
  roles_assumed_ = 0;
  const auto config_text = ReadIfThere(internal::AwsConfigFile(environment_));
  if (!config_text.ok()) return config_text.error();
  const auto credentials_text = ReadIfThere(internal::AwsCredentialsFile(environment_));
  if (!credentials_text.ok()) return credentials_text.error();
  auto sources = internal::FindAwsSources(
      config_, environment_, internal::ReadAwsProfiles(*config_text, *credentials_text));
  if (!sources.ok()) return sources.error();
  region_ = sources->region;
  sources_ = std::make_unique<const internal::AwsSources>(std::move(*sources));
  return Advance();
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::Next(const Answer& answer) {
  SLUICE_CHECK(sources_ != nullptr && asked_ != Asked::kNothing);
  if (!answer.status.ok()) return Failure(answer);
  if (const Status status = Take(answer); !status.ok()) return status.error();
  return Advance();
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::Advance() {
  if (region_.empty()) return AskMetadata(Asked::kRegion, std::string(kRegionPath));
  if (goal_ == Goal::kRegion) return Step(AwsCredentials{.region = region_});
  if (!keys_.has_value()) return AskSource();
  if (roles_assumed_ < sources_->roles.size()) return AskRole(sources_->roles[roles_assumed_]);
  asked_ = Asked::kNothing;
  return Step(*keys_);
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::AskSource() {
  if (const auto* keys = std::get_if<AwsKeys>(&sources_->source)) {
    keys_ = AwsCredentials{.region = region_,
                           .access_key = keys->access_key,
                           .secret_key = keys->secret_key,
                           .session_token = keys->session_token};
    return Advance();
  }
  if (std::holds_alternative<AwsWebIdentity>(sources_->source)) return AskWebIdentity();
  if (std::holds_alternative<AwsContainer>(sources_->source)) return AskContainer();
  if (role_name_.empty()) return AskMetadata(Asked::kRoleName, std::string(kRolesPath));
  return AskMetadata(Asked::kKeys, std::string(kRolesPath) + role_name_);
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::AskContainer() {
  const auto& container = std::get<AwsContainer>(sources_->source);
  HttpRequest request = MachineRequest(container.url);
  request.headers = {{"Accept", "application/json"}};
  std::string token = container.token.Reveal();
  if (!container.token_file.empty()) {
    Result<std::string> read = ReadToken(container.token_file, "container authorization token");
    if (!read.ok()) return read.error();
    token = std::move(*read);
  }
  if (!token.empty()) request.headers.emplace_back("Authorization", std::move(token));
  asked_ = Asked::kKeys;
  return Step(std::move(request));
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::AskWebIdentity() {
  const auto& identity = std::get<AwsWebIdentity>(sources_->source);
  const Result<std::string> token = ReadToken(identity.token_file, "web identity token");
  if (!token.ok()) return token.error();
  return AskSts("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=" +
                    EncodeForm(identity.role_arn) +
                    "&RoleSessionName=" + EncodeForm(SessionName(identity.session_name, now_ms_)) +
                    "&WebIdentityToken=" + EncodeForm(*token),
                /*is_signed=*/false);
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::AskRole(const AwsRole& role) {
  const std::string duration = role.duration_seconds.empty() ? "900" : role.duration_seconds;
  std::string form = "Action=AssumeRole&Version=2011-06-15&RoleArn=" + EncodeForm(role.arn) +
                     "&RoleSessionName=" + EncodeForm(SessionName(role.session_name, now_ms_)) +
                     "&DurationSeconds=" + EncodeForm(duration);
  if (!role.external_id.empty()) form += "&ExternalId=" + EncodeForm(role.external_id);
  return AskSts(form, /*is_signed=*/true);
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::AskSts(const std::string& form,
                                                              bool is_signed) {
  HttpRequest request;
  request.method = "POST";
  request.url = StsUrl(environment_, region_, config_.use_fips_sts_endpoint);
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = std::make_shared<const std::string>(form);
  request.timeout = kStsTimeout;
  request.follow_redirects = false;
  request.client = sts_client_;
  if (is_signed) request.aws_signature = std::make_shared<const AwsSignature>(keys_->For("sts"));
  asked_ = Asked::kStsKeys;
  return Step(std::move(request));
}

Result<AwsCredentialSearch::Step> AwsCredentialSearch::AskMetadata(Asked what,
                                                                   const std::string& path) {
  if (internal::LowerAscii(Variable(environment_, "AWS_EC2_METADATA_DISABLED")) == "true") {
    if (what == Asked::kRegion) {
      return InvalidInput("region not configured in sigv4 or in default credentials chain");
    }
    return InvalidInput("no credentials for AWS are configured");
  }
  std::string endpoint = Variable(environment_, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (endpoint.empty()) endpoint = "http://169.254.169.254";
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (!metadata_token_.has_value()) {
    HttpRequest request = MachineRequest(endpoint + std::string(kTokenPath));
    request.method = "PUT";
    request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
    asked_ = Asked::kMetadataToken;
    return Step(std::move(request));
  }
  HttpRequest request = MachineRequest(endpoint + path);
  if (!metadata_token_->empty()) {
    request.headers = {{"X-aws-ec2-metadata-token", *metadata_token_}};
  }
  asked_ = what;
  return Step(std::move(request));
}

Status AwsCredentialSearch::Take(const Answer& answer) {
  constexpr int kOk = 200;
  if (asked_ == Asked::kMetadataToken) return TakeMetadataToken(answer);
  if (asked_ == Asked::kStsKeys) {
    if (keys_.has_value()) ++roles_assumed_;
    return TakeKeys(internal::ParseStsKeys(answer.http_status, answer.body));
  }
  if (answer.http_status != kOk) return Failure(answer);
  if (asked_ == Asked::kKeys) return TakeKeys(internal::ParseAwsKeys(answer.body));
  if (asked_ == Asked::kRegion) {
    Result<std::string> region = internal::ParseInstanceRegion(answer.body);
    if (!region.ok()) return region.error();
    if (!internal::IsAwsRegion(*region)) return Failure(answer);
    region_ = std::move(*region);
    return Status::Ok();
  }
  // One name in each line; there is only ever one.
  role_name_ = TrimBlank(std::string_view(answer.body).substr(0, answer.body.find('\n')));
  if (role_name_.empty()) return Failure(answer);
  return Status::Ok();
}

// Where it cannot be had, the first version of the service does without.
Status AwsCredentialSearch::TakeMetadataToken(const Answer& answer) {
  const int status = answer.http_status;
  if (status == 403 || status == 404 || status == 405) {
    metadata_token_ = "";
    return Status::Ok();
  }
  const std::string_view token = TrimBlank(answer.body);
  if (status != 200 || token.empty() || !internal::IsHttpHeaderValue(token)) {
    return Failure(answer);
  }
  metadata_token_ = token;
  return Status::Ok();
}

Status AwsCredentialSearch::TakeKeys(Result<AwsCredentials> keys) {
  const std::string_view from = asked_ == Asked::kStsKeys ? "AWS STS"
                                : std::holds_alternative<AwsContainer>(sources_->source)
                                    ? "the AWS endpoint for containers"
                                    : "the metadata of the EC2 instance";
  if (!keys.ok()) return keys.error().WithContext(from);
  keys_ = std::move(*keys);
  keys_->region = region_;
  return Status::Ok();
}

Error AwsCredentialSearch::Failure(const Answer& answer) const {
  const std::string why = answer.status.ok() ? "status " + std::to_string(answer.http_status)
                                             : answer.status.error().message;
  switch (asked_) {
    case Asked::kStsKeys:
      return Retryable("AWS STS: " + why);
    case Asked::kRegion:
      return Retryable("region not configured in sigv4 or in default credentials chain: " + why);
    case Asked::kKeys:
      if (std::holds_alternative<AwsContainer>(sources_->source)) {
        return Retryable("the AWS endpoint for containers: " + why);
      }
      break;
    case Asked::kNothing:
    case Asked::kMetadataToken:
    case Asked::kRoleName:
      break;
  }
  const std::string_view what = region_.empty() ? "region" : "credentials";
  return Retryable("no " + std::string(what) + " for AWS are configured, and the metadata of the " +
                   "EC2 instance cannot be had: " + why);
}

}  // namespace sluice
