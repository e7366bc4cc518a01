#include "agent/config/discovery/aws_fields.h"

#include <utility>

#include "agent/config/http_client_section.h"
#include "agent/config/spec.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kFields[] = {"region",  "access_key", "secret_key",
                                        "profile", "role_arn",   "external_id"};

}  // namespace

std::span<const std::string_view> AwsFields() { return kFields; }

std::shared_ptr<const HttpClient> DecodeAwsClient(const Fields& fields,
                                                  const std::string& service) {
  HttpClientConfig http = DecodeHttpClientConfig(fields, /*enable_http2=*/true);
  AwsConfig& aws = http.aws.emplace();
  fields.Read("region", aws.region);
  fields.Read("access_key", aws.access_key);
  aws.secret_key = Secret(TextOf(fields, "secret_key"));
  fields.Read("profile", aws.profile);
  fields.Read("role_arn", aws.role_arn);
  fields.Read("external_id", aws.external_id);
  aws.service = service;
  return std::make_shared<const HttpClient>(std::move(http));
}

}  // namespace sluice::agent
