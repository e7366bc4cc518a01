// What the HTTP API says of the metadata of metrics, as the data of its answers: of the families of
// which a target's last good page had series that are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/selector.h"
#include "base/result.h"
#include "scrape/scraper.h"

namespace sluice::agent {

struct TargetMetadataQuery {
  Selector match_target = {};
  std::string_view metric = {};       // empty: all
  std::optional<int64_t> limit = {};  // no further target begins once there are as many entries
};

// /api/v1/targets/metadata
Result<std::string> TargetMetadataJson(const std::vector<scrape::TargetStatus>& targets,
                                       const TargetMetadataQuery& query);

struct MetadataQuery {
  std::string_view metric = {};                  // empty: all
  std::optional<int64_t> limit = {};             // of metrics
  std::optional<int64_t> limit_per_metric = {};  // of different entries
};

// /api/v1/metadata
Result<std::string> MetadataJson(const std::vector<scrape::TargetStatus>& targets,
                                 const MetadataQuery& query);

}  // namespace sluice::agent
