#include "agent/web_config/web_config.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "agent/config/decoder.h"
#include "agent/web_config/password_check.h"
#include "base/file.h"
#include "base/utf8.h"
#include "base/yaml.h"

namespace sluice::agent {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;

constexpr std::array<std::string_view, 3> kFields = {"tls_server_config", "http_server_config",
                                                     "basic_auth_users"};
constexpr std::array<std::string_view, 13> kTlsFields = {"cert",
                                                         "cert_file",
                                                         "key",
                                                         "key_file",
                                                         "client_auth_type",
                                                         "client_ca",
                                                         "client_ca_file",
                                                         "client_allowed_sans",
                                                         "min_version",
                                                         "max_version",
                                                         "cipher_suites",
                                                         "prefer_server_cipher_suites",
                                                         "curve_preferences"};
constexpr std::array<std::string_view, 2> kServerFields = {"http2", "headers"};

// A header that may be set, and the values that it may have: none means any.
struct AllowedHeader {
  std::string_view name;
  std::array<std::string_view, 2> values;
};

constexpr std::array<AllowedHeader, 5> kHeaders = {{{"Strict-Transport-Security", {}},
                                                    {"X-Content-Type-Options", {"nosniff"}},
                                                    {"X-Frame-Options", {"deny", "sameorigin"}},
                                                    {"X-XSS-Protection", {}},
                                                    {"Content-Security-Policy", {}}}};

std::string TextOf(const Fields& fields, std::string_view name) {
  const auto value = fields.Find(name);
  return value && !value->is_null() ? value->Text() : std::string();
}

std::string PathOf(const Fields& fields, std::string_view name, const std::string& file) {
  const std::string path = TextOf(fields, name);
  if (path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(file).parent_path() / path).string();
}

int DecodeVersion(const Fields& fields, std::string_view name, int fallback) {
  const std::string text = TextOf(fields, name);
  if (text.empty()) return fallback;
  constexpr std::array<std::string_view, 4> kNames = {"TLS10", "TLS11", "TLS12", "TLS13"};
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (text == kNames[i]) return 10 + static_cast<int>(i);
  }
  fields.Find(name)->Fail("unknown TLS version: " + text);
  return fallback;
}

ClientAuth DecodeClientAuth(const Fields& fields) {
  constexpr std::array<std::pair<std::string_view, ClientAuth>, 6> kNames = {
      {{"", ClientAuth::kNone},
       {"NoClientCert", ClientAuth::kNone},
       {"RequestClientCert", ClientAuth::kRequest},
       {"RequireAnyClientCert", ClientAuth::kRequireAny},
       {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
       {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}}};
  const std::string text = TextOf(fields, "client_auth_type");
  for (const auto& [name, auth] : kNames) {
    if (text == name) return auth;
  }
  fields.Find("client_auth_type")->Fail("Invalid ClientAuth: " + text);
  return ClientAuth::kNone;
}

std::vector<std::string> DecodeNames(const Fields& fields, std::string_view name,
                                     bool (*is_known)(const std::string&),
                                     const std::string& what) {
  const auto list = fields.Find(name);
  if (!list || list->is_null()) return {};
  std::vector<std::string> names = list->Texts();
  for (const std::string& each : names) {
    if (!is_known(each)) list->Fail("unknown " + what + ": " + each);
  }
  return names;
}

// Either the PEM itself or the name of its file.
void ReadPem(const Fields& fields, const std::string& name, const std::string& file,
             std::string& path, std::string& text) {
  path = PathOf(fields, name + "_file", file);
  text = TextOf(fields, name);
  if (!path.empty() && !text.empty()) {
    fields.Find(name)->Fail("only one of " + name + " and " + name + "_file can be set");
  }
}

std::shared_ptr<TlsSettings> DecodeTls(const Value& value, const std::string& file) {
  const Fields fields(value, "web.TLSConfig", {kTlsFields});
  auto tls = std::make_shared<TlsSettings>();
  ReadPem(fields, "cert", file, tls->cert_file, tls->cert);
  ReadPem(fields, "key", file, tls->key_file, tls->key);
  ReadPem(fields, "client_ca", file, tls->client_ca_file, tls->client_ca);
  const bool has_cert = !tls->cert_file.empty() || !tls->cert.empty();
  const bool has_key = !tls->key_file.empty() || !tls->key.empty();
  const bool has_ca = !tls->client_ca_file.empty() || !tls->client_ca.empty();
  tls->client_auth = DecodeClientAuth(fields);
  tls->min_version = DecodeVersion(fields, "min_version", 12);
  tls->max_version = DecodeVersion(fields, "max_version", 13);
  tls->cipher_suites = DecodeNames(fields, "cipher_suites", IsCipherSuite, "cipher");
  tls->curves = DecodeNames(fields, "curve_preferences", IsCurve, "curve");
  fields.Read("prefer_server_cipher_suites", tls->prefer_server_cipher_suites);
  if (const auto sans = fields.Find("client_allowed_sans"); sans && !sans->is_null()) {
    tls->client_allowed_sans = sans->Texts();
  }
  const bool says_nothing =
      !has_cert && !has_key && !has_ca && tls->client_auth == ClientAuth::kNone;
  if (says_nothing) return nullptr;
  if (!has_cert) value.Fail("missing one of cert or cert_file");
  if (!has_key) value.Fail("missing one of key or key_file");
  if (has_ca && tls->client_auth == ClientAuth::kNone) {
    value.Fail("client CA's have been configured without a Client Auth Policy");
  }
  if (tls->min_version > tls->max_version) {
    value.Fail("min_version is greater than max_version");
  }
  return tls;
}

std::string QuotedList(std::span<const std::string_view> values) {
  std::string list;
  for (const std::string_view value : values) {
    if (value.empty()) continue;
    if (!list.empty()) list += ' ';
    list += QuoteText(value);
  }
  return "[" + list + "]";
}

void DecodeServer(const Value& value, WebConfig& config) {
  const Fields fields(value, "web.HTTPConfig", {kServerFields});
  if (const auto http2 = fields.Find("http2")) static_cast<void>(http2->Bool());
  const auto headers = fields.Find("headers");
  if (!headers || headers->is_null()) return;
  for (const auto& [name, header] : headers->Entries("map[string]string")) {
    const auto* const known =
        std::find_if(kHeaders.begin(), kHeaders.end(),
                     [&, &wanted = name](const auto& each) { return each.name == wanted; });
    if (known == kHeaders.end()) {
      header.Fail("HTTP header " + QuoteText(name) + " can not be configured");
      continue;
    }
    const std::string text = header.Text();
    if (text.empty()) continue;
    const bool restricted = !known->values[0].empty();
    if (restricted &&
        std::find(known->values.begin(), known->values.end(), text) == known->values.end()) {
      header.Fail("invalid value for " + name + ". Expected one of: " + QuotedList(known->values) +
                  ", but got: " + QuoteText(text));
    }
    config.headers.emplace_back(name, text);
  }
}

}  // namespace

Result<WebConfig> ParseWebConfig(std::string_view text, const std::string& path) {
  const Result<YamlNode> root = ParseYaml(text, path);
  if (!root.ok()) return root.error();
  Decoder decoder(path);
  WebConfig config;
  const Fields fields(Value(decoder, *root, ""), "web.Config", {kFields});
  if (const auto tls = fields.Find("tls_server_config"); tls && !tls->is_null()) {
    config.tls = DecodeTls(*tls, path);
  }
  if (const auto server = fields.Find("http_server_config"); server && !server->is_null()) {
    DecodeServer(*server, config);
  }
  if (const auto users = fields.Find("basic_auth_users"); users && !users->is_null()) {
    for (const auto& [name, value] : users->Entries("map[string]config.Secret")) {
      const std::string hash = value.Text();
      if (const Status status = CheckBcrypt(hash); !status.ok()) {
        value.Fail(status.error().message);
      }
      config.users[name].bcrypt = hash;
    }
  }
  if (decoder.failed()) return decoder.error();
  config.files.push_back(path);
  return config;
}

Status LoadTlsFiles(WebConfig& config) {
  if (config.tls == nullptr) return Status::Ok();
  auto tls = std::make_shared<TlsSettings>(*config.tls);
  const auto read = [&](const std::string& file, std::string& text) {
    if (file.empty()) return Status::Ok();
    Result<std::string> content = ReadFile(file, kFileBytesMax);
    if (!content.ok()) return Status(content.error());
    text = std::move(*content);
    config.files.push_back(file);
    return Status::Ok();
  };
  for (Status status : {read(tls->cert_file, tls->cert), read(tls->key_file, tls->key)}) {
    if (!status.ok()) return status.error().WithContext("failed to load X509KeyPair");
  }
  if (Status status = read(tls->client_ca_file, tls->client_ca); !status.ok()) return status;
  if (Status status = CheckTlsSettings(*tls); !status.ok()) return status;
  config.tls = std::move(tls);
  return Status::Ok();
}

Result<WebConfig> LoadWebConfig(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) return text.error();
  Result<WebConfig> config = ParseWebConfig(*text, path);
  if (!config.ok()) return config;
  if (Status status = LoadTlsFiles(*config); !status.ok()) {
    return status.error().WithContext(path);
  }
  return config;
}

}  // namespace sluice::agent
