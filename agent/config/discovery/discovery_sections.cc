#include "agent/config/discovery/discovery_sections.h"

#include <array>
#include <filesystem>
#include <string>
#include <utility>

#include "agent/config/canonical.h"
#include "agent/config/discovery/consul_section.h"
#include "agent/config/discovery/dns_section.h"
#include "agent/config/discovery/docker_section.h"
#include "agent/config/discovery/file_section.h"
#include "agent/config/discovery/http_section.h"

namespace sluice::agent {
namespace {

using Decode = scrape::DiscoveryMechanism (*)(const Value&);

template <auto kDecode>
scrape::DiscoveryMechanism Decoded(const Value& value) {
  return kDecode(value);
}

constexpr std::pair<std::string_view, Decode> kSections[] = {
    {"consul_sd_configs", &Decoded<&DecodeConsulSd>},
    {"dns_sd_configs", &Decoded<&DecodeDnsSd>},
    {"docker_sd_configs", &Decoded<&DecodeDockerSd>},
    {"dockerswarm_sd_configs", &Decoded<&DecodeDockerSwarmSd>},
    {"file_sd_configs", &Decoded<&DecodeFileSd>},
    {"http_sd_configs", &Decoded<&DecodeHttpSd>},
};

constexpr auto kFields = [] {
  std::array<std::string_view, std::size(kSections)> names;
  for (size_t i = 0; i < names.size(); ++i) names[i] = kSections[i].first;
  return names;
}();

// With the folder that relative paths belong to.
std::string IdentityOf(std::string_view field, const Value& value) {
  const std::filesystem::path file(value.decoder().file());
  return std::string(field) + " " + file.parent_path().string() + " " + CanonicalText(value.node());
}

}  // namespace

std::span<const std::string_view> DiscoveryFields() { return kFields; }

std::vector<scrape::DiscoveryConfig> DecodeDiscoveries(const Fields& fields) {
  std::vector<scrape::DiscoveryConfig> discoveries;
  for (const auto& [field, decode] : kSections) {
    const auto list = fields.Find(field);
    if (!list) continue;
    for (const Value& item : list->Items("[]*discovery.Config")) {
      if (item.is_null()) item.Fail("empty or null section in " + std::string(field));
      discoveries.push_back({.identity = IdentityOf(field, item), .mechanism = decode(item)});
    }
  }
  return discoveries;
}

}  // namespace sluice::agent
