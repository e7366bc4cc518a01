// The section `global`.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/config/decoder.h"
#include "relabel/labels.h"
#include "scrape/job_config.h"

namespace sluice::agent {

struct GlobalSection {
  std::chrono::milliseconds scrape_interval{60'000};
  std::chrono::milliseconds scrape_timeout{10'000};
  relabel::Labels external_labels;
  // Absent: the default of each job, which depends on whether it has native histograms.
  std::optional<std::vector<scrape::ScrapeProtocol>> scrape_protocols;
  // What jobs inherit: only the fields that InheritedFieldNames() names are of interest.
  scrape::JobConfig job;
};

// The fields that `global` and scrape_configs have in common, but for the times.
std::span<const std::string_view> InheritedFieldNames();

// Reads them into `job`, which holds what is inherited; but for the protocols and the schemes of
// names, whose defaults depend on other fields.
void DecodeInherited(const Fields& fields, scrape::JobConfig& job);

// The list scrape_protocols, if there is one. Messages end with `whose`: " for global config".
std::optional<std::vector<scrape::ScrapeProtocol>> ReadProtocols(const Fields& fields,
                                                                 const std::string& whose);

// `unknown scrape protocol X, supported: ...`.
std::string UnknownProtocol(const std::string& name);

// `global` holds the defaults.
void DecodeGlobal(const Value& value, const Environment& environment, GlobalSection& global);

}  // namespace sluice::agent
