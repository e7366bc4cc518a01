#include "scrape/job_config.h"

namespace sluice::scrape {

bool MakeSamePages(const JobConfig& a, const JobConfig& b) {
  return a.honor_labels == b.honor_labels && a.honor_timestamps == b.honor_timestamps &&
         a.track_timestamps_staleness == b.track_timestamps_staleness &&
         a.respell_labels == b.respell_labels && a.extra_scrape_metrics == b.extra_scrape_metrics &&
         a.label_limits == b.label_limits && a.sample_limit_policy == b.sample_limit_policy &&
         a.metric_relabel.rules() == b.metric_relabel.rules();
}

}  // namespace sluice::scrape
