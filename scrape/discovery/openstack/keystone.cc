#include "scrape/discovery/openstack/keystone.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/json.h"
#include "base/json_text.h"
#include "scrape/discovery/json_entries.h"

namespace sluice::scrape {
namespace {

// The first of them that is set.
std::string FirstOf(const Environment& environment, const char* name, const char* older_name) {
  std::string value = Variable(environment, name);
  return value.empty() ? Variable(environment, older_name) : value;
}

bool HasDomain(const OpenStackCredentials& credentials) {
  return credentials.domain_id.empty() != credentials.domain_name.empty();
}

std::string DomainJson(const OpenStackCredentials& credentials) {
  return credentials.domain_id.empty() ? JsonObject({{"name", JsonString(credentials.domain_name)}})
                                       : JsonObject({{"id", JsonString(credentials.domain_id)}});
}

// Members of the object "user" that say who it is. A name is only unique within a domain.
Result<std::string> UserMembers(const OpenStackCredentials& credentials) {
  if (credentials.username.empty() == credentials.user_id.empty()) {
    return InvalidInput("exactly one of username and userid must be set");
  }
  if (!credentials.user_id.empty()) return "\"id\":" + JsonString(credentials.user_id);
  if (!HasDomain(credentials)) {
    return InvalidInput("exactly one of domain_id and domain_name must be set beside username");
  }
  return "\"name\":" + JsonString(credentials.username) + ",\"domain\":" + DomainJson(credentials);
}

Result<std::string> PasswordIdentity(const OpenStackCredentials& credentials) {
  const Result<std::string> user = UserMembers(credentials);
  if (!user.ok()) return user.error();
  return R"({"methods":["password"],"password":{"user":{)" + *user +
         ",\"password\":" + JsonString(credentials.password.Reveal()) + "}}}";
}

// By its id alone, or by its name and whose it is.
Result<std::string> ApplicationCredentialIdentity(const OpenStackCredentials& credentials) {
  if (credentials.application_credential_secret.empty()) {
    return InvalidInput("application_credential_secret must be set");
  }
  std::string members;
  if (!credentials.application_credential_id.empty()) {
    members = "\"id\":" + JsonString(credentials.application_credential_id);
  } else {
    const Result<std::string> user = UserMembers(credentials);
    if (!user.ok()) return user.error();
    members = "\"name\":" + JsonString(credentials.application_credential_name) + ",\"user\":{" +
              *user + "}";
  }
  return R"({"methods":["application_credential"],"application_credential":{)" + members +
         ",\"secret\":" + JsonString(credentials.application_credential_secret.Reveal()) + "}}";
}

// What the token is for; empty if the user's default project is.
Result<std::string> Scope(const OpenStackCredentials& credentials) {
  if (!credentials.project_id.empty()) {
    return "{\"project\":" + JsonObject({{"id", JsonString(credentials.project_id)}}) + "}";
  }
  if (!credentials.project_name.empty()) {
    if (!HasDomain(credentials)) {
      return InvalidInput(
          "exactly one of domain_id and domain_name must be set beside project_name");
    }
    return R"({"project":{"name":)" + JsonString(credentials.project_name) +
           ",\"domain\":" + DomainJson(credentials) + "}}";
  }
  return std::string();
}

Result<std::string> TokenRequestBody(const OpenStackCredentials& credentials) {
  const bool has_password = !credentials.password.empty();
  const bool has_application_credential = !credentials.application_credential_id.empty() ||
                                          !credentials.application_credential_name.empty();
  if (!has_password && !has_application_credential) {
    return InvalidInput("no password and no application credential is set");
  }
  const Result<std::string> identity =
      has_password ? PasswordIdentity(credentials) : ApplicationCredentialIdentity(credentials);
  if (!identity.ok()) return identity.error();
  const std::string body = R"({"auth":{"identity":)" + *identity;
  // An application credential is for one project; Keystone refuses it together with a scope.
  if (!has_password) return body + "}}";
  const Result<std::string> scope = Scope(credentials);
  if (!scope.ok()) return scope.error();
  return body + (scope->empty() ? "}}" : ",\"scope\":" + *scope + "}}");
}

// Without slashes at its end, and without `suffix` after one.
std::string WithoutSuffix(std::string url, std::string_view suffix) {
  const auto trim = [&url] {
    while (url.ends_with('/')) url.pop_back();
  };
  trim();
  if (url.ends_with("/" + std::string(suffix))) url.resize(url.size() - suffix.size());
  trim();
  return url;
}

}  // namespace

OpenStackCredentials CredentialsOfEnvironment(const Environment& environment) {
  const auto variable = [&](const char* name) { return Variable(environment, name); };
  OpenStackCredentials credentials;
  credentials.identity_endpoint = variable("OS_AUTH_URL");
  credentials.username = variable("OS_USERNAME");
  credentials.user_id = variable("OS_USERID");
  credentials.password = Secret(variable("OS_PASSWORD"));
  credentials.project_name = FirstOf(environment, "OS_PROJECT_NAME", "OS_TENANT_NAME");
  credentials.project_id = FirstOf(environment, "OS_PROJECT_ID", "OS_TENANT_ID");
  credentials.domain_name = variable("OS_DOMAIN_NAME");
  credentials.domain_id = variable("OS_DOMAIN_ID");
  credentials.application_credential_name = variable("OS_APPLICATION_CREDENTIAL_NAME");
  credentials.application_credential_id = variable("OS_APPLICATION_CREDENTIAL_ID");
  credentials.application_credential_secret = Secret(variable("OS_APPLICATION_CREDENTIAL_SECRET"));
  return credentials;
}

Result<HttpRequest> TokenRequest(const OpenStackCredentials& credentials) {
  if (credentials.identity_endpoint.empty()) {
    return Error{ErrorCode::kRetryable, "neither identity_endpoint nor OS_AUTH_URL is set"};
  }
  Result<std::string> body = TokenRequestBody(credentials);
  if (!body.ok()) return body.error();
  HttpRequest request;
  request.method = "POST";
  request.url = WithoutSuffix(credentials.identity_endpoint, "v3") + "/v3/auth/tokens";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  request.body = std::make_shared<const std::string>(std::move(*body));
  request.follow_redirects = false;
  return request;
}

Result<std::string> OpenStackSession::Find(std::string_view service, std::string_view interface,
                                           std::string_view region) const {
  const auto found = std::find_if(endpoints.begin(), endpoints.end(), [&](const auto& endpoint) {
    return endpoint.service == service && endpoint.interface == interface &&
           (endpoint.region == region || endpoint.region_id == region);
  });
  if (found != endpoints.end()) return WithoutSuffix(found->url, "v2.0");
  return Error{ErrorCode::kNotFound, "the catalog has no " + std::string(interface) +
                                         " endpoint of the service " + std::string(service) +
                                         " in the region " + std::string(region)};
}

Result<OpenStackSession> ReadSession(const HttpAnswer& answer) {
  if (Status status = RequireStatus(answer, 201); !status.ok()) return status.error();
  OpenStackSession session;
  for (const auto& [name, value] : answer.head.headers) {
    if (name == "x-subject-token") session.token = value;
  }
  if (session.token.empty()) return InvalidInput(answer.url + ": an answer without a token");
  const auto json = JsonDocument::Parse(answer.body);
  if (!json.ok()) return json.error().WithContext(answer.url);
  for (const JsonView& service : (*json)->root()["token"]["catalog"].Items()) {
    for (const JsonView& endpoint : service["endpoints"].Items()) {
      session.endpoints.push_back({.service = std::string(service["type"].Text()),
                                   .interface = std::string(endpoint["interface"].Text()),
                                   .region = std::string(endpoint["region"].Text()),
                                   .region_id = std::string(endpoint["region_id"].Text()),
                                   .url = std::string(endpoint["url"].Text())});
    }
  }
  if (Status status = CheckJson(**json, answer); !status.ok()) return status.error();
  return session;
}

}  // namespace sluice::scrape
