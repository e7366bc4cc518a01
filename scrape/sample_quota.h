// Counts the samples of one body and holds them against the job's sample_limit.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "scrape/exemplar_column.h"
#include "scrape/page_template.h"
#include "scrape/series.h"

namespace sluice::scrape {

struct SampleCounts {
  uint64_t scraped = 0;       // samples in the body; a native histogram is one
  uint64_t post_relabel = 0;  // of them, not dropped by relabeling
  uint64_t series_added = 0;
  // Dropped samples by reason.
  uint64_t duplicate = 0;
  uint64_t out_of_order = 0;
  uint64_t out_of_bounds = 0;
  uint64_t refused = 0;  // by SampleLimitPolicy::kKeepKnown
  ExemplarCounts exemplars;

  uint64_t malformed_histograms = 0;  // classic ones that make none with custom buckets

  bool sample_limit_exceeded = false;
  bool bucket_limit_exceeded = false;
  bool label_limit_exceeded = false;
};

// Thread-compatible; for one body.
class SampleQuota {
 public:
  // `rules` must outlive it.
  explicit SampleQuota(const SeriesRules& rules);

  SampleCounts& counts() { return counts_; }

  const SampleCounts& counts() const { return counts_; }

  // SampleLimitPolicy::kFail: whether the next sample may be one too many. CountAbove() knows.
  bool is_spent() const { return counts_.post_relabel >= allowance_; }

  // Whether this sample is one too many for SampleLimitPolicy::kFail, and then counts it: the
  // scrape has failed, but its counts stay true.
  bool CountAbove(LineMark mark, bool has_timestamp);

  // SampleLimitPolicy::kKeepKnown: whether a target that has `kept` places may have one more.
  bool HasRoom(size_t kept) const {
    return rules_.sample_limit == 0 || rules_.sample_limit_policy == SampleLimitPolicy::kFail ||
           kept < rules_.sample_limit;
  }

  // A sample that relabeling dropped, that is refused, or of a series that only we may report.
  void CountWithoutSlot(LineMark mark);

  void CountRefused() {
    ++counts_.refused;
    counts_.sample_limit_exceeded = true;
  }

  // A second sample of its series without a timestamp, already counted as scraped.
  void CountDuplicate() {
    ++counts_.duplicate;
    Exempt();
  }

  // A histogram with more buckets than allowed: the scrape has failed.
  void CountTooManyBuckets() {
    counts_.bucket_limit_exceeded = true;
    Exempt();
  }

  // A sample that the limit does not mean.
  void Exempt() {
    if (allowance_ != UINT64_MAX) ++allowance_;
  }

  // Once the body is complete: `sample limit exceeded`, `histogram bucket limit exceeded`.
  Status Check() const;

 private:
  const SeriesRules& rules_;
  SampleCounts counts_;
  // SampleLimitPolicy::kFail: how far post_relabel may go; exempt samples raise it.
  uint64_t allowance_;
};

}  // namespace sluice::scrape
