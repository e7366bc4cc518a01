#include "base/internal/aws_sources.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/internal/url_parts.h"

namespace sluice::internal {
namespace {

// Of profiles that name one another.
constexpr size_t kProfilesMax = 8;

std::string Setting(const AwsProfile& profile, const std::string& name) {
  const auto found = profile.find(name);
  return found == profile.end() ? "" : found->second;
}

std::string FirstOf(const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = Variable(environment, name); !value.empty()) return value;
  }
  return {};
}

std::string FileBelowHome(const Environment& environment, const std::string& name) {
  const std::string home = Variable(environment, "HOME");
  return home.empty() ? "" : home + "/.aws/" + name;
}

std::optional<AwsKeys> KeysOf(const Environment& environment) {
  AwsKeys keys;
  keys.access_key = FirstOf(environment, {"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"});
  keys.secret_key = Secret(FirstOf(environment, {"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"}));
  keys.session_token = Secret(Variable(environment, "AWS_SESSION_TOKEN"));
  if (keys.access_key.empty() || keys.secret_key.empty()) return std::nullopt;
  return keys;
}

// A token goes there: only with TLS, or where nobody can listen in between.
bool MayBeContainerEndpoint(const std::string& url) {
  const std::optional<UrlParts> parts = SplitUrl(url);
  if (!parts.has_value()) return false;
  if (parts->scheme == "https") return true;
  constexpr std::string_view kHosts[] = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                         "[fd00:ec2::23]"};
  return parts->host.starts_with("127.") ||
         std::find(std::begin(kHosts), std::end(kHosts), parts->host) != std::end(kHosts);
}

Error NoProfile(const std::string& name) {
  return InvalidInput("failed to get shared config profile, " + name);
}

// Follows what profiles say to where the first credentials are.
class Finder {
 public:
  Finder(const Environment& environment, const AwsProfiles& profiles, AwsSources& out)
      : environment_(environment), profiles_(profiles), out_(out) {}

  Status Profile(const std::string& name) {
    if (std::find(seen_.begin(), seen_.end(), name) != seen_.end() ||
        seen_.size() >= kProfilesMax) {
      return InvalidInput("the source_profile of AWS profile " + name + " leads back to it");
    }
    seen_.push_back(name);
    const auto found = profiles_.find(name);
    return found == profiles_.end() ? Machine() : Profile(name, found->second);
  }

 private:
  Status Profile(const std::string& name, const AwsProfile& profile) {
    const std::string token_file = Setting(profile, "web_identity_token_file");
    const std::string role_arn = Setting(profile, "role_arn");
    if (!role_arn.empty() && token_file.empty()) {
      if (Status status = SourceOf(name, profile); !status.ok()) return status;
      out_.roles.push_back({.arn = role_arn,
                            .external_id = Setting(profile, "external_id"),
                            .session_name = Setting(profile, "role_session_name"),
                            .duration_seconds = Setting(profile, "duration_seconds")});
      return Status::Ok();
    }
    if (TakeKeys(profile)) return Status::Ok();
    if (!token_file.empty()) return WebIdentity(name, token_file, role_arn, profile);
    for (const char* unsupported : {"credential_process", "sso_session", "sso_start_url"}) {
      if (!profile.contains(unsupported)) continue;
      return InvalidInput("AWS profile " + name + ": " + unsupported + " is not supported");
    }
    return Machine();
  }

  Status WebIdentity(const std::string& name, const std::string& token_file,
                     const std::string& role_arn, const AwsProfile& profile) {
    if (role_arn.empty()) {
      return InvalidInput("AWS profile " + name + " has a web_identity_token_file and no role_arn");
    }
    out_.source = AwsWebIdentity{.token_file = token_file,
                                 .role_arn = role_arn,
                                 .session_name = Setting(profile, "role_session_name")};
    return Status::Ok();
  }

  bool TakeKeys(const AwsProfile& profile) {
    AwsKeys keys{.access_key = Setting(profile, "aws_access_key_id"),
                 .secret_key = Secret(Setting(profile, "aws_secret_access_key")),
                 .session_token = Secret(Setting(profile, "aws_session_token"))};
    if (keys.access_key.empty() || keys.secret_key.empty()) return false;
    out_.source = std::move(keys);
    return true;
  }

  // Whose credentials may assume the role of a profile.
  Status SourceOf(const std::string& name, const AwsProfile& profile) {
    const std::string source_profile = Setting(profile, "source_profile");
    if (source_profile == name && TakeKeys(profile)) return Status::Ok();
    if (!source_profile.empty()) {
      if (!profiles_.contains(source_profile)) return NoProfile(source_profile);
      return Profile(source_profile);
    }
    const std::string source = Setting(profile, "credential_source");
    if (source == "Ec2InstanceMetadata") {
      out_.source = AwsInstance{};
      return Status::Ok();
    }
    if (source == "EcsContainer") return Container();
    if (source == "Environment") {
      const std::optional<AwsKeys> keys = KeysOf(environment_);
      if (!keys) return InvalidInput("AWS profile " + name + ": the environment has no keys");
      out_.source = *keys;
      return Status::Ok();
    }
    return InvalidInput("AWS profile " + name +
                        " has a role_arn without source_profile or credential_source");
  }

  // What the machine gives to whoever runs on it.
  Status Machine() {
    if (FirstOf(environment_, {"AWS_CONTAINER_CREDENTIALS_FULL_URI",
                               "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}) != "") {
      return Container();
    }
    out_.source = AwsInstance{};
    return Status::Ok();
  }

  Status Container() {
    AwsContainer container;
    container.url = Variable(environment_, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const std::string path = Variable(environment_, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (container.url.empty()) container.url = "http://169.254.170.2" + path;
    if (!MayBeContainerEndpoint(container.url)) {
      return InvalidInput(
          "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or a loopback or container host");
    }
    container.token_file = Variable(environment_, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    container.token = Secret(Variable(environment_, "AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    out_.source = std::move(container);
    return Status::Ok();
  }

  const Environment& environment_;
  const AwsProfiles& profiles_;
  AwsSources& out_;
  std::vector<std::string> seen_;
};

Status FindSource(const AwsConfig& config, const Environment& environment,
                  const std::string& profile, Finder& finder, AwsSources& out) {
  if (!config.access_key.empty()) {
    out.source = AwsKeys{
        .access_key = config.access_key, .secret_key = config.secret_key, .session_token = {}};
    return Status::Ok();
  }
  if (!config.profile.empty()) return finder.Profile(profile);
  if (const std::optional<AwsKeys> keys = KeysOf(environment)) {
    out.source = *keys;
    return Status::Ok();
  }
  const std::string token_file = Variable(environment, "AWS_WEB_IDENTITY_TOKEN_FILE");
  if (token_file.empty()) return finder.Profile(profile);
  AwsWebIdentity identity{.token_file = token_file,
                          .role_arn = Variable(environment, "AWS_ROLE_ARN"),
                          .session_name = Variable(environment, "AWS_ROLE_SESSION_NAME")};
  if (identity.role_arn.empty()) {
    return InvalidInput("AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN is not");
  }
  out.source = std::move(identity);
  return Status::Ok();
}

}  // namespace

bool IsAwsRegion(std::string_view region) {
  return std::all_of(region.begin(), region.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string AwsConfigFile(const Environment& environment) {
  const std::string file = Variable(environment, "AWS_CONFIG_FILE");
  return file.empty() ? FileBelowHome(environment, "config") : file;
}

std::string AwsCredentialsFile(const Environment& environment) {
  const std::string file = Variable(environment, "AWS_SHARED_CREDENTIALS_FILE");
  return file.empty() ? FileBelowHome(environment, "credentials") : file;
}

Result<AwsSources> FindAwsSources(const AwsConfig& config, const Environment& environment,
                                  const AwsProfiles& profiles) {
  AwsSources out;
  std::string name = config.profile;
  if (name.empty()) name = FirstOf(environment, {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"});
  const auto profile = profiles.find(name.empty() ? "default" : name);
  if (!name.empty() && profile == profiles.end()) return NoProfile(name);
  out.region = config.region;
  if (out.region.empty()) out.region = FirstOf(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (out.region.empty() && profile != profiles.end()) {
    out.region = Setting(profile->second, "region");
  }
  if (!IsAwsRegion(out.region)) return InvalidInput("not an AWS region: " + out.region);
  Finder finder(environment, profiles, out);
  const Status status =
      FindSource(config, environment, name.empty() ? "default" : name, finder, out);
  if (!status.ok()) return status.error();
  if (!config.role_arn.empty()) {
    out.roles.push_back({.arn = config.role_arn,
                         .external_id = config.external_id,
                         .session_name = {},
                         .duration_seconds = {}});
  }
  return out;
}

}  // namespace sluice::internal
