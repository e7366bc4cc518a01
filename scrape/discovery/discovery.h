// What every mechanism of service discovery is to the jobs that use it.
//
// The contract, which each mechanism keeps and its tests prove:
//   what    The first update is whole: all groups that there are. Each later one holds only the
//   groups
//           that changed, by source; a group without targets is gone. What did not change is not
//           told again. Another whole update may come at any time and replaces everything.
//   errors  Whatever fails, nothing is told: the last good groups stay. Failures are counted, and
//           logged when their text changes. Of an answer with a bad entry the rest is told; the
//           entry is counted.
//   stop    By destruction. When the destructor returns, the sink is not called any more. It may
//   wait
//           for a call that is going on, so it must not run under a lock that the sink takes.
//   thread  The sink is called from a thread of the discovery or from the one that they share,
//   never
//           from within the constructor, and never twice at the same time.
//   bounds  Each mechanism states how much it reads at most; what is above that is a failure.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/logger.h"
#include "base/telemetry.h"
#include "scrape/discovery/discovery_config.h"
#include "scrape/discovery/discovery_loop.h"
#include "scrape/target_group.h"

namespace sluice::scrape {

struct DiscoveryUpdate {
  bool whole = false;
  // Sources are unique within a discovery.
  std::vector<TargetGroupPtr> groups;
};

using DiscoverySink = std::function<void(DiscoveryUpdate)>;

class Discovery {
 public:
  virtual ~Discovery() = default;
};

class ObjectWatches;

// What all discoveries work with; the references must outlive them.
struct DiscoveryDeps {
  Logger logger;
  Telemetry& telemetry;
  DiscoveryLoop& loop;
  std::string config = {};  // the job that it is for first, as metrics name it
  uint64_t seed = 0;        // of what is drawn, such as delays
  // What the discovery told before the process was started anew; it is not told again by itself,
  // but stays where the first answer leaves something open.
  std::vector<TargetGroupPtr> last_groups = {};
  // What discoveries of Kubernetes share; null when there is nothing to share it with.
  std::shared_ptr<ObjectWatches> kubernetes = {};
};

std::unique_ptr<Discovery> MakeDiscovery(const DiscoveryConfig& config, DiscoverySink sink,
                                         DiscoveryDeps deps);

}  // namespace sluice::scrape
