// Pieces that several pages have.
#pragma once

#include <string_view>
#include <vector>

#include "agent/explain/explanation.h"
#include "agent/pages/html.h"
#include "relabel/labels.h"
#include "remotewrite/destinations.h"
#include "scrape/scraper.h"

namespace sluice::agent {

Html LabelsHtml(const relabel::Labels& labels);

// The same of what was discovered, without settings of the job that are as they are by default.
Html DiscoveredHtml(const relabel::Labels& labels);

// What changed from one label set to the other: what went, what came, what is another value.
Html LabelChanges(const relabel::Labels& before, const relabel::Labels& after);

Html HealthBadge(scrape::TargetHealth health);

Html StateBadge(const remotewrite::DestinationStatus& status);

// Relabeling rules with their effects, folded.
Html StepsHtml(const std::vector<RuleStep>& steps);

// A link to the explanation of what has these labels.
Html ExplainLink(const relabel::Labels& labels, std::string_view text);

// A URL of somebody else's: a link only if that can do no harm.
Html UrlHtml(std::string_view url);

}  // namespace sluice::agent
