// The files that AWS's own tools keep their settings in: ~/.aws/config and ~/.aws/credentials.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace sluice::internal {

// Settings by name, in lower case.
using AwsProfile = std::map<std::string, std::string>;
using AwsProfiles = std::map<std::string, AwsProfile>;

// The profiles of both files; where both say something, the second one counts. Never fails: what is
// no setting is skipped, as are settings within settings.
AwsProfiles ReadAwsProfiles(std::string_view config_text, std::string_view credentials_text);

}  // namespace sluice::internal
