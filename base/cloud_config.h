// Who asks the services of a cloud provider for something.
#pragma once

#include <string>

#include "base/secret.h"

namespace sluice {

// What is empty here comes from where AWS's own tools look for it (base/aws_credentials.h).
struct AwsConfig {
  std::string region = {};
  std::string access_key = {};  // with its secret key, or neither
  Secret secret_key = {};
  std::string profile = {};      // of the files ~/.aws/config and ~/.aws/credentials
  std::string role_arn = {};     // a role to assume with what was found
  std::string external_id = {};  // what its owner wants to be told, or nothing
  bool use_fips_sts_endpoint = false;
  std::string service = {};  // that requests are signed for: "aps"; not for a search
};

}  // namespace sluice
