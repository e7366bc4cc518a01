#include "agent/config/discovery/triton_section.h"

#include <array>
#include <string_view>

#include "agent/config/discovery/sd_fields.h"
#include "agent/config/spec.h"

namespace sluice::agent {
namespace {

constexpr std::array<std::string_view, 9> kFields = {"account",  "role",       "dns_suffix",
                                                     "endpoint", "groups",     "port",
                                                     "version",  "tls_config", "refresh_interval"};

}  // namespace

scrape::TritonSdConfig DecodeTritonSd(const Value& value) {
  scrape::TritonSdConfig config;
  const Fields fields(value, "triton.plain", {kFields});
  // One of the two: it has been checked.
  if (TextOf(fields, "role") == "cn") config.role = scrape::TritonRole::kComputeNode;
  fields.Read("dns_suffix", config.dns_suffix);
  fields.Read("endpoint", config.endpoint);
  if (const auto groups = fields.Find("groups")) config.groups = groups->Texts();
  ReadPort(fields, config.port);
  if (const auto version = fields.Find("version")) config.version = version->Int();
  config.client = DecodeTlsClient(fields);
  ReadRefreshInterval(fields, config.refresh_interval);
  return config;
}

}  // namespace sluice::agent
