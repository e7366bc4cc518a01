#include "agent/config/discovery/sd_fields.h"

#include <algorithm>
#include <utility>

#include "agent/config/header_rules.h"
#include "agent/config/tls_section.h"
#include "base/utf8.h"

namespace sluice::agent {

void ReadRefreshInterval(const Fields& fields, std::chrono::milliseconds& out) {
  fields.Read("refresh_interval", out);
  if (out.count() == 0) fields.map().Fail("refresh_interval must be positive");
}

void ReadPort(const Fields& fields, uint16_t& out) {
  const auto port = fields.Find("port");
  if (port) out = static_cast<uint16_t>(port->Unsigned(65'535));
}

void RequireHttpUrl(const Value& value, const std::string& url) {
  if (std::any_of(url.begin(), url.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f; })) {
    value.Fail("parse " + QuoteText(url) + ": invalid character in URL");
  }
  const size_t colon = url.find(':');
  const std::string scheme = colon == std::string::npos ? "" : LowerAscii(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") value.Fail("URL scheme must be 'http' or 'https'");
  std::string host = colon == std::string::npos ? "" : url.substr(colon + 1);
  host = host.starts_with("//") ? host.substr(2, host.find_first_of("/?#", 2) - 2) : "";
  host.erase(0, host.rfind('@') + 1);
  if (host.empty() || host.front() == ':') value.Fail("host is missing in URL");
}

std::shared_ptr<const HttpClient> DecodeTlsClient(const Fields& fields) {
  HttpClientConfig config;
  const auto tls = fields.Find("tls_config");
  if (tls && !tls->is_null()) config.tls = DecodeTls(*tls);
  return std::make_shared<const HttpClient>(std::move(config));
}

}  // namespace sluice::agent
