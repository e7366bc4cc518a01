#include "agent/config/discovery/dns_section.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/header_rules.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 4> kFields = {"names", "type", "port", "refresh_interval"};
constexpr std::pair<std::string_view, scrape::DnsType> kTypes[] = {
    {"srv", scrape::DnsType::kSrv}, {"a", scrape::DnsType::kA},   {"aaaa", scrape::DnsType::kAaaa},
    {"mx", scrape::DnsType::kMx},   {"ns", scrape::DnsType::kNs},
};

void DecodeType(const Value& value, scrape::DnsSdConfig& config) {
  const std::string text = value.Text();
  const auto* type =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [name = LowerAscii(text)](const auto& entry) { return entry.first == name; });
  if (type == std::end(kTypes)) return value.Fail("invalid DNS-SD records type " + text);
  config.type = type->second;
}

}  // namespace

scrape::DnsSdConfig DecodeDnsSd(const Value& value) {
  scrape::DnsSdConfig config;
  const Fields fields(value, "dns.plain", {kFields});
  if (const auto names = fields.Find("names")) config.names = names->Texts();
  if (const auto type = fields.Find("type")) DecodeType(*type, config);
  ReadPort(fields, config.port);
  ReadRefreshInterval(fields, config.refresh_interval);
  if (config.names.empty()) {
    value.Fail("DNS-SD config must contain at least one SRV record name");
  }
  if (config.type != scrape::DnsType::kSrv && config.port == 0) {
    value.Fail("a port is required in DNS-SD configs for all record types except SRV");
  }
  return config;
}

}  // namespace sluice::agent
