// Finding credentials and region for AWS, in the places and the order of AWS's own tools:
//
//   1. the settings' own keys;
//   2. the profile that the settings name;
//   3. AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY;
//   4. a web identity (AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN, as in EKS);
//   5. the profile of AWS_PROFILE, else "default", in ~/.aws/config and ~/.aws/credentials: keys, a
//      role with its source_profile or credential_source, a web identity;
//   6. the endpoint for containers (AWS_CONTAINER_CREDENTIALS_*, as in ECS and EKS);
//   7. the metadata of the EC2 instance (IMDSv2, and v1 where that is all there is);
//
// and, with what these gave, the role of the settings. The region comes from the settings,
// AWS_REGION, AWS_DEFAULT_REGION, the profile, or the metadata of the instance. The endpoints can
// be replaced by AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL and AWS_EC2_METADATA_SERVICE_ENDPOINT.
// Single sign-on and credential_process are not supported and are errors.
//
// For requests that are signed by it, `HttpClientConfig::aws` does all of this by itself: the
// credentials are found before the first request, shared, and found again before they expire.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/aws_signature.h"
#include "base/clock.h"
#include "base/cloud_config.h"
#include "base/environment.h"
#include "base/http_loop.h"
#include "base/result.h"
#include "base/secret.h"

namespace sluice {

struct AwsCredentials {
  std::string region = {};
  std::string access_key = {};
  Secret secret_key = {};
  Secret session_token = {};                   // empty for keys that last
  std::optional<TimestampMs> expires_ms = {};  // nothing for keys that last

  // For a request to a service: "ec2".
  AwsSignature For(std::string service) const;
};

// Those variables of the process that matter here.
Environment ReadAwsEnvironment();

// `https://SERVICE.REGION.amazonaws.com`, and the domain of other partitions.
std::string AwsServiceUrl(std::string_view service, std::string_view region);

namespace internal {
struct AwsSources;
struct AwsRole;
}  // namespace internal

// One search at a time, as a pure function of the answers to its requests, and of the files at
// Begin(). Whoever has it sends the requests, one after another, with redirects and all else as
// they are. Bound to one thread. Errors hold nothing of secrets: kInvalidInput for settings that
// cannot work, kRetryable for what may be otherwise the next time.
class AwsCredentialSearch {
 public:
  enum class Goal {
    kCredentials,
    kRegion,  // that alone; the keys stay empty
  };

  struct Answer {
    Status status = {};  // whether there is one at all
    int http_status = 0;
    std::string body = {};  // at most a MiB of it is worth reading
  };

  // What to ask next, or the end.
  using Step = std::variant<HttpRequest, AwsCredentials>;

  explicit AwsCredentialSearch(AwsConfig config, Environment environment = ReadAwsEnvironment(),
                               Goal goal = Goal::kCredentials);
  ~AwsCredentialSearch();
  AwsCredentialSearch(const AwsCredentialSearch&) = delete;
  AwsCredentialSearch& operator=(const AwsCredentialSearch&) = delete;

  // A new search: forgets what the one before did not finish.
  Result<Step> Begin(TimestampMs now_ms);

  // The answer to the last request.
  Result<Step> Next(const Answer& answer);

 private:
  enum class Asked { kNothing, kMetadataToken, kRegion, kRoleName, kKeys, kStsKeys };

  Result<Step> Advance();
  Result<Step> AskSource();
  Result<Step> AskContainer();
  Result<Step> AskWebIdentity();
  Result<Step> AskRole(const internal::AwsRole& role);
  Result<Step> AskMetadata(Asked what, const std::string& path);
  Result<Step> AskSts(const std::string& form, bool is_signed);
  Status Take(const Answer& answer);
  Status TakeMetadataToken(const Answer& answer);
  Status TakeKeys(Result<AwsCredentials> keys);
  Error Failure(const Answer& answer) const;

  // Set once.
  const AwsConfig config_;
  const Environment environment_;
  const Goal goal_;
  const std::shared_ptr<const HttpClient> sts_client_;

  // Of this search.
  TimestampMs now_ms_ = 0;
  std::unique_ptr<const internal::AwsSources> sources_;
  Asked asked_ = Asked::kNothing;
  std::string region_;
  std::optional<std::string> metadata_token_;  // "" where there is none
  std::string role_name_;
  std::optional<AwsCredentials> keys_;
  size_t roles_assumed_ = 0;
};

}  // namespace sluice
