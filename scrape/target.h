// From target groups to targets: labels, relabeling, validation, URL and identity.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "relabel/labels.h"
#include "scrape/cluster.h"
#include "scrape/histogram_rules.h"
#include "scrape/job_config.h"

namespace sluice::scrape {

// One thing to scrape. A value.
struct Target {
  relabel::Labels discovered_labels;  // before relabeling, with job, __scheme__ and the like
  relabel::Labels labels;             // public ones only
  std::string url;
  std::string unix_socket;  // path, from __unix_socket__; else empty
  std::chrono::milliseconds interval{0};
  std::chrono::milliseconds timeout{0};
  HistogramRules histograms;
  // Equal targets within a job are one target. Also decides the phase, so it never changes.
  uint64_t identity = 0;
};

// A target that other members of the cluster scrape.
struct TargetElsewhere {
  relabel::Labels discovered_labels;
  std::vector<uint32_t> members;
};

struct TargetSet {
  std::vector<Target> active;              // without equal ones
  std::vector<relabel::Labels> dropped;    // discovered labels, by relabeling
  std::vector<TargetElsewhere> elsewhere;  // without equal ones
  std::vector<std::string> errors;         // of targets that cannot be scraped
};

// Pure.
TargetSet BuildTargets(const JobConfig& job, const std::vector<TargetGroup>& groups,
                       const ClusterConfig& cluster = {});

// What relabeling gets to see of one target: its own labels, those of its group, the settings of
// the job.
relabel::Labels DiscoveredLabels(const JobConfig& job, const TargetGroup& group,
                                 const relabel::Labels& own);

// What relabeling left, made into a target without its discovered labels. Errors say why it cannot
// be scraped.
Result<Target> FinishTarget(const JobConfig& job, relabel::LabelsBuilder& relabeled);

// The URL of a relabeled target: parameters of the job, their first values replaced by __param_*.
std::string TargetUrl(const relabel::Labels& labels,
                      const std::vector<std::pair<std::string, std::vector<std::string>>>& params);

uint64_t TargetIdentity(const relabel::Labels& labels, std::string_view url);

}  // namespace sluice::scrape
