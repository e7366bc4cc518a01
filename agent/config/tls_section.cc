#include "agent/config/tls_section.h"

#include <algorithm>
#include <array>
#include <string>

#include "agent/config/target_sources.h"
#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 13> kFields = {"ca",
                                                      "ca_file",
                                                      "ca_ref",
                                                      "cert",
                                                      "cert_file",
                                                      "cert_ref",
                                                      "key",
                                                      "key_file",
                                                      "key_ref",
                                                      "server_name",
                                                      "insecure_skip_verify",
                                                      "min_version",
                                                      "max_version"};

TlsVersion DecodeVersion(const Fields& fields, std::string_view name) {
  std::string text;
  fields.Read(name, text);
  if (text.empty()) return TlsVersion::kDefault;
  if (text == "TLS10") return TlsVersion::kTls10;
  if (text == "TLS11") return TlsVersion::kTls11;
  if (text == "TLS12") return TlsVersion::kTls12;
  if (text == "TLS13") return TlsVersion::kTls13;
  fields.Find(name)->Fail("unknown TLS version: " + text);
  return TlsVersion::kDefault;
}

// Reads `name` or `name`_file into one of these.
void ReadPem(const Fields& fields, const std::string& name, std::string& text, std::string& file) {
  fields.Read(name, text);
  fields.Read(name + "_file", file);
  file = ResolvePath(file, fields.map().decoder().file());
  if (text.empty() || file.empty()) return;
  fields.map().Fail("at most one of " + name + ", " + name + "_file & " + name +
                    "_ref must be configured");
}

// It becomes the host of a URL.
bool IsServerName(std::string_view name) {
  constexpr std::string_view kMarks = "-._:[]";
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace

TlsConfig DecodeTls(const Value& value) {
  TlsConfig config;
  const Fields fields(value, "config.plain", {kFields});
  FailOnReferences(fields, {"ca_ref", "cert_ref", "key_ref"});
  std::string key;
  ReadPem(fields, "ca", config.ca, config.ca_file);
  ReadPem(fields, "cert", config.cert, config.cert_file);
  ReadPem(fields, "key", key, config.key_file);
  config.key = Secret(key);
  const bool has_cert = !config.cert.empty() || !config.cert_file.empty();
  const bool has_key = !config.key.empty() || !config.key_file.empty();
  if (has_cert && !has_key) {
    value.Fail(
        "exactly one of key or key_file must be configured when a client certificate is "
        "configured");
  }
  if (has_key && !has_cert) {
    value.Fail(
        "exactly one of cert or cert_file must be configured when a client key is configured");
  }
  fields.Read("server_name", config.server_name);
  if (!IsServerName(config.server_name)) {
    value.Fail(QuoteText(config.server_name) + " is not a valid server_name");
  }
  fields.Read("insecure_skip_verify", config.insecure_skip_verify);
  config.min_version = DecodeVersion(fields, "min_version");
  config.max_version = DecodeVersion(fields, "max_version");
  if (config.max_version != TlsVersion::kDefault && config.max_version < config.min_version) {
    value.Fail(
        "tls_config.max_version must be greater than or equal to tls_config.min_version if both "
        "are specified");
  }
  return config;
}

void FailOnReferences(const Fields& fields, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto value = fields.Find(name);
    if (!value || value->is_null() || value->Text().empty()) continue;
    value->Fail("field " + std::string(name) +
                " needs a secret manager, and none can be configured");
  }
}

}  // namespace sluice::agent
