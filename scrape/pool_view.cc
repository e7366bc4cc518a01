#include "scrape/pool_view.h"

#include <algorithm>
#include <string>
#include <utility>

#include "scrape/target.h"

namespace sluice::scrape {
namespace {

class Description {
 public:
  Description(const PoolView& view, const std::unordered_map<uint64_t, TargetStatus*>& scraped,
              ScraperStatus& status)
      : view_(view), scraped_(scraped), status_(status) {
    const uint64_t keep = view.job->keep_dropped_targets;
    left_ = keep == 0 ? kDroppedShownMax : std::min<uint64_t>(keep, kDroppedShownMax);
  }

  void Add(TargetSet set) {
    for (Target& target : set.active) NoteScraped(target);
    for (relabel::Labels& labels : set.dropped) ShowDropped(std::move(labels), "");
    for (TargetElsewhere& target : set.elsewhere) {
      ShowDropped(std::move(target.discovered_labels), ScrapedBy(target.members));
    }
  }

 private:
  void NoteScraped(Target& target) {
    const auto id = view_.ids.find(target.identity);
    if (id == view_.ids.end()) return;
    const auto scraped = scraped_.find(id->second);
    if (scraped == scraped_.end()) return;
    scraped->second->discovered_labels = std::move(target.discovered_labels);
    scraped->second->restored = view_.restored.contains(id->second);
  }

  void ShowDropped(relabel::Labels labels, std::string reason) {
    if (left_ == 0) return;
    --left_;
    status_.dropped.push_back({view_.job->name, std::move(labels), std::move(reason)});
  }

  const PoolView& view_;
  const std::unordered_map<uint64_t, TargetStatus*>& scraped_;
  ScraperStatus& status_;
  size_t left_ = 0;
};

}  // namespace

void DescribePool(const PoolView& view, const std::unordered_map<uint64_t, TargetStatus*>& scraped,
                  ScraperStatus& status) {
  status.jobs.push_back(view.job->name);
  status.dropped_counts[view.job->name] = view.dropped_count;
  Description description(view, scraped, status);
  for (const TargetGroupPtr& group : view.groups) {
    description.Add(BuildTargets(*view.job, {*group}, view.cluster));
  }
}

}  // namespace sluice::scrape
