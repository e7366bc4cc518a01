// Reading the `*_sd_configs` of a job in tests.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "agent/config/config.h"

namespace sluice::agent::test {

inline std::optional<std::string> NoEnvironment(std::string_view /*name*/) { return std::nullopt; }

inline Result<Config> Parse(const std::string& fields, const std::string& file = "/etc/p/f.yml") {
  return ParseConfig("scrape_configs:\n- job_name: j\n  " + fields + "\n", file, NoEnvironment);
}

inline std::vector<scrape::DiscoveryConfig> Discoveries(const std::string& fields,
                                                        const std::string& file = "/etc/p/f.yml") {
  Result<Config> config = Parse(fields, file);
  if (!config.ok()) FAIL(config.error().message);
  return config->jobs.at(0).discoveries;
}

template <class Mechanism>
Mechanism Only(const std::string& fields) {
  const auto discoveries = Discoveries(fields);
  REQUIRE(discoveries.size() == 1);
  REQUIRE(std::holds_alternative<Mechanism>(discoveries[0].mechanism));
  return std::get<Mechanism>(discoveries[0].mechanism);
}

// Fields of one entry, and what their refusal says.
using Refusals = std::vector<std::pair<std::string, std::string>>;

inline void CheckRefusals(const std::string& section, const Refusals& refusals) {
  for (const auto& [fields, message] : refusals) {
    CAPTURE(section, fields);
    const Result<Config> config = Parse(section + ": [" + fields + "]");
    REQUIRE_FALSE(config.ok());
    CHECK_THAT(config.error().message,
               Catch::StartsWith("/etc/p/f.yml:3: scrape_configs[0]." + section + "[0]") &&
                   Catch::Contains(message));
  }
}

}  // namespace sluice::agent::test
