#include <string>

#include "agent/config/header_rules.h"
#include "agent/config/specs/discovery_sections.h"
#include "agent/config/url_text.h"

namespace sluice::agent {
namespace {

using enum FieldType;

bool IsThere(const Fields& fields, std::string_view name) {
  const auto value = fields.Find(name);
  return value && !value->is_null();
}

// Of a text that has been checked to be a URL.
UrlText UrlOf(const Fields& fields, std::string_view name) {
  const Result<UrlText> url = ReadUrlText(TextOf(fields, name));
  return url.ok() ? *url : UrlText();
}

void CheckHttpUrl(const Fields& fields) {
  const UrlText url = UrlOf(fields, "url");
  if (url.scheme != "http" && url.scheme != "https") {
    FailAt(fields, "url", "URL scheme must be 'http' or 'https'");
  }
  if (url.host.empty()) FailAt(fields, "url", "host is missing in URL");
}

constexpr FieldSpec kConsulFields[] = {
    {.type = kText,
     .name = "server",
     .missing = "consul SD configuration requires a server address",
     .fallback = "localhost:8500"},
    {kText, "path_prefix"},
    {kSecret, "token"},
    {kText, "datacenter"},
    {kText, "namespace"},
    {kText, "partition"},
    {kText, "scheme"},
    {kText, "username"},
    {kSecret, "password"},
    {kText, "tag_separator"},
    {kTexts, "services"},
    {kTexts, "tags"},
    {kTextMap, "node_meta"},
    {kText, "filter"},
    {kText, "health_filter"},
    {kBool, "allow_stale"},
    {kDuration, "refresh_interval"},
};

void CheckConsul(const Fields& fields) {
  const bool has_user = !TextOf(fields, "username").empty() || !TextOf(fields, "password").empty();
  if (has_user && IsThere(fields, "basic_auth")) {
    fields.map().Fail(
        "at most one of consul SD configuration username and password and basic auth can be "
        "configured");
  }
  if (!TextOf(fields, "token").empty() &&
      (IsThere(fields, "authorization") || IsThere(fields, "oauth2"))) {
    fields.map().Fail("at most one of consul SD token, authorization, or oauth2 can be configured");
  }
}

constexpr FieldSpec kDnsFields[] = {
    {.type = kTexts,
     .name = "names",
     .missing = "DNS-SD config must contain at least one SRV record name"},
    {kText, "type"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

void CheckDns(const Fields& fields) {
  const auto type = fields.Find("type");
  const std::string name = type ? LowerAscii(type->Text()) : "srv";
  if (name == "srv") return;
  if (name != "a" && name != "aaaa" && name != "mx" && name != "ns") {
    FailAt(fields, "type", "invalid DNS-SD records type " + TextOf(fields, "type"));
  }
  const auto port = fields.Find("port");
  if (!port || port->Int() == 0) {
    FailAt(fields, "port", "a port is required in DNS-SD configs for all record types except SRV");
  }
}

constexpr FieldSpec kEurekaFields[] = {
    {.type = kUrl, .name = "server", .missing = "eureka_sd: empty or null eureka server"},
    {kDuration, "refresh_interval"},
};

void CheckEureka(const Fields& fields) {
  const UrlText url = UrlOf(fields, "server");
  if (url.scheme.empty() || url.host.empty()) {
    FailAt(fields, "server", "eureka_sd: invalid eureka server URL");
  }
}

constexpr FieldSpec kHttpFields[] = {
    {.type = kUrl, .name = "url", .missing = "URL is missing"},
    {kDuration, "refresh_interval"},
};

constexpr FieldSpec kKumaFields[] = {
    {.type = kUrl, .name = "server", .missing = "kuma SD server must not be empty: "},
    {kText, "client_id"},
    {kDuration, "refresh_interval"},
    {kDuration, "fetch_timeout"},
};

void CheckKuma(const Fields& fields) {
  const UrlText url = UrlOf(fields, "server");
  if (url.scheme.empty() || url.host.empty()) {
    FailAt(fields, "server", "kuma SD server must not be empty and have a scheme");
  }
}

constexpr FieldSpec kPuppetDbFields[] = {
    {.type = kUrl, .name = "url", .missing = "URL is missing"},
    {.type = kText, .name = "query", .missing = "query missing"},
    {kBool, "include_parameters"},
    {kInt, "port"},
    {kDuration, "refresh_interval"},
};

void CheckPaths(const Fields& fields, const std::string& mechanism) {
  for (const Value& path : fields.Find("paths")->Items("[]string")) {
    const std::string text = path.Text();
    if (text.substr(0, 1) != "/") {
      path.Fail(mechanism + " SD config paths must begin with '/': " + text);
    }
  }
}

constexpr FieldSpec kNerveFields[] = {
    {.type = kTexts,
     .name = "servers",
     .missing = "nerve SD config must contain at least one Zookeeper server"},
    {.type = kTexts, .name = "paths", .missing = "nerve SD config must contain at least one path"},
    {kDuration, "timeout"},
};

constexpr FieldSpec kServersetFields[] = {
    {.type = kTexts,
     .name = "servers",
     .missing = "serverset SD config must contain at least one Zookeeper server"},
    {.type = kTexts,
     .name = "paths",
     .missing = "serverset SD config must contain at least one path"},
    {kDuration, "timeout"},
};

constexpr FieldSpec kTritonFields[] = {
    {.type = kText,
     .name = "role",
     .choices = "container|cn",
     .refusal = "triton SD configuration requires role to be 'container' or 'cn'",
     .fallback = "container"},
    {.type = kText, .name = "account", .missing = "triton SD configuration requires an account"},
    {.type = kText,
     .name = "dns_suffix",
     .missing = "triton SD configuration requires a dns_suffix"},
    {.type = kText, .name = "endpoint", .missing = "triton SD configuration requires an endpoint"},
    {kTexts, "groups"},
    {kInt, "port"},
    {kInt, "version"},
    {kTls, "tls_config"},
    {kDuration, "refresh_interval"},
};

void CheckTriton(const Fields& fields) {
  const auto interval = fields.Find("refresh_interval");
  if (interval && interval->Duration().count() == 0) {
    interval->Fail("triton SD configuration requires RefreshInterval to be a positive integer");
  }
}

constexpr FieldSpec kUyuniFields[] = {
    {.type = kUrl, .name = "server", .missing = "Uyuni SD configuration requires server host"},
    {.type = kText, .name = "username", .missing = "Uyuni SD configuration requires a username"},
    {.type = kSecret, .name = "password", .missing = "Uyuni SD configuration requires a password"},
    {kText, "entitlement"},
    {kText, "separator"},
    {kDuration, "refresh_interval"},
};

}  // namespace

constexpr SectionSpec kConsulSpec{.type = "consul.plain",
                                  .fields = kConsulFields,
                                  .has_http_client = true,
                                  .check = &CheckConsul};
constexpr SectionSpec kDnsSpec{.type = "dns.plain", .fields = kDnsFields, .check = &CheckDns};
constexpr SectionSpec kEurekaSpec{.type = "eureka.plain",
                                  .fields = kEurekaFields,
                                  .has_http_client = true,
                                  .check = &CheckEureka};
constexpr SectionSpec kHttpSpec{
    .type = "http.plain", .fields = kHttpFields, .has_http_client = true, .check = &CheckHttpUrl};
constexpr SectionSpec kKumaSpec{.type = "xds.plainKumaConf",
                                .fields = kKumaFields,
                                .has_http_client = true,
                                .check = &CheckKuma};
constexpr SectionSpec kNerveSpec{
    .type = "zookeeper.plain", .fields = kNerveFields, .check = [](const Fields& fields) {
      CheckPaths(fields, "nerve");
    }};
constexpr SectionSpec kPuppetDbSpec{.type = "puppetdb.plain",
                                    .fields = kPuppetDbFields,
                                    .has_http_client = true,
                                    .check = &CheckHttpUrl};
constexpr SectionSpec kServersetSpec{
    .type = "zookeeper.plain", .fields = kServersetFields, .check = [](const Fields& fields) {
      CheckPaths(fields, "serverset");
    }};
constexpr SectionSpec kTritonSpec{
    .type = "triton.plain", .fields = kTritonFields, .check = &CheckTriton};
constexpr SectionSpec kUyuniSpec{
    .type = "uyuni.plain", .fields = kUyuniFields, .has_http_client = true};

}  // namespace sluice::agent
