// Mechanisms that ask for everything again and again.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

// What one round found.
struct Refreshed {
  TargetGroups groups;
  // Sources of which nothing new is known, and why: their groups stay as they are.
  std::map<std::string, std::string> unknown;
  // Why, for each entry that was left out because it is no good.
  std::vector<std::string> bad_entries;
};

// Bound to the thread of the discovery loop.
class Refresher {
 public:
  using Done = std::function<void(Result<Refreshed>)>;

  virtual ~Refresher() = default;  // gives a round up

  // Starts a round. `done` is called once when it ends, and not from within Begin(). There is one
  // round at a time.
  virtual void Begin(Done done) = 0;
};

}  // namespace sluice::scrape
