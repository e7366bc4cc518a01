// Where credentials for AWS are, as far as settings, environment and profiles say.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/aws_credentials.h"
#include "base/internal/aws_profiles.h"
#include "base/result.h"

namespace sluice::internal {

struct AwsKeys {
  std::string access_key;
  Secret secret_key;
  Secret session_token;
};

struct AwsWebIdentity {
  std::string token_file;
  std::string role_arn;
  std::string session_name;  // empty: ours
};

// The endpoint that containers have.
struct AwsContainer {
  std::string url;
  std::string token_file;
  Secret token;
};

// The metadata of the instance.
struct AwsInstance {};

struct AwsRole {
  std::string arn;
  std::string external_id;
  std::string session_name;      // empty: ours
  std::string duration_seconds;  // empty: a quarter of an hour
};

struct AwsSources {
  std::string region;  // empty: ask the instance
  std::variant<AwsKeys, AwsWebIdentity, AwsContainer, AwsInstance> source;
  std::vector<AwsRole> roles;  // to assume, one with what the one before gave
};

// Also the empty one. It becomes part of host names.
bool IsAwsRegion(std::string_view region);

// Paths are those of the environment, or below HOME.
std::string AwsConfigFile(const Environment& environment);
std::string AwsCredentialsFile(const Environment& environment);

// kInvalidInput for what cannot work.
Result<AwsSources> FindAwsSources(const AwsConfig& config, const Environment& environment,
                                  const AwsProfiles& profiles);

}  // namespace sluice::internal
