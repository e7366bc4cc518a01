// What AWS answers to who asks it for credentials.
#pragma once

#include <string>

#include "base/aws_credentials.h"
#include "base/result.h"

namespace sluice::internal {

// Of the instance's metadata and of the endpoint for containers: JSON. Without a region.
Result<AwsCredentials> ParseAwsKeys(const std::string& body);

// Of the Security Token Service: XML. Without a region.
Result<AwsCredentials> ParseStsKeys(int http_status, const std::string& body);

// "region" of an instance's identity document.
Result<std::string> ParseInstanceRegion(const std::string& body);

}  // namespace sluice::internal
