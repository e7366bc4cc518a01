// Which rights a configuration needs of the API server of the Kubernetes cluster that it runs in.
// Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "scrape/job_config.h"

namespace sluice::agent {

// To do `verbs` with a kind of objects.
struct AccessRule {
  std::string group;  // of the API; empty: its core
  std::string resource;
  std::string only;                // the name of the one object that it is about; empty: all
  std::vector<std::string> verbs;  // sorted

  friend bool operator<(const AccessRule& a, const AccessRule& b) {
    return std::tie(a.group, a.verbs, a.only, a.resource) <
           std::tie(b.group, b.verbs, b.only, b.resource);
  }
};

struct AccessNeeds {
  // By namespace; those of the empty one hold for the whole cluster.
  std::map<std::string, std::set<AccessRule>> rules;
  // Paths that the cluster's components guard, which are fetched with the rights of the account.
  std::set<std::string> urls;
  // Jobs that reach an API server with credentials of their own: nothing of theirs is here.
  std::vector<std::string> jobs_with_own_access;
};

// `own_namespace` is the one that the agent runs in.
//
// What a job scrapes is only known by its addresses. It is taken to be the kubelets, or other
// components that ask for rights, when it finds nodes, or anything else, and scrapes by https.
AccessNeeds AccessNeedsOf(const std::vector<scrape::JobConfig>& jobs,
                          const std::string& own_namespace);

}  // namespace sluice::agent
