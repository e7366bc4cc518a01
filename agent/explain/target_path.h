// The first part of a way: from a discovery to a scrape.
#pragma once

#include <optional>

#include "agent/explain/explanation.h"
#include "base/clock.h"
#include "relabel/labels.h"
#include "scrape/explain_targets.h"
#include "scrape/pool_view.h"

namespace sluice::agent {

// A thing that was discovered, and what became of it.
struct Candidate {
  const scrape::PoolView* pool = nullptr;
  scrape::ExplainedTarget target;
  std::optional<scrape::TargetStatus> status;  // only if it is scraped
};

// The labels that it has, or would have: public ones before discovered ones.
relabel::Labels LabelsOf(const Candidate& candidate);

// Its stages from discovery to the last scrape. The last of them has not passed if that is how far
// it came. Pure.
Path ExplainTarget(const Candidate& candidate, TimestampMs now_ms);

// The stage that ended the way, or null.
const Stage* StopOf(const Path& path);

}  // namespace sluice::agent
