// What a request to AWS is signed with: Signature Version 4.
#pragma once

#include <string>

#include "base/secret.h"

namespace sluice {

struct AwsSignature {
  std::string region;   // "eu-west-1"
  std::string service;  // "ec2"
  std::string access_key;
  Secret secret_key;
  Secret session_token;  // of credentials for a while; empty for others
};

}  // namespace sluice
