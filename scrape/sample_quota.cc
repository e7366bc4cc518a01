#include "scrape/sample_quota.h"

namespace sluice::scrape {

SampleQuota::SampleQuota(const SeriesRules& rules)
    : rules_(rules),
      allowance_(rules.sample_limit != 0 && rules.sample_limit_policy == SampleLimitPolicy::kFail
                     ? rules.sample_limit
                     : UINT64_MAX) {}

bool SampleQuota::CountAbove(LineMark mark, bool has_timestamp) {
  const bool is_duplicate = mark.is_repeat() && !has_timestamp && mark.has_slot();
  if (mark.is_dropped() && !mark.is_repeat()) return false;
  if (is_duplicate && !counts_.sample_limit_exceeded) return false;
  ++counts_.scraped;
  ++counts_.post_relabel;
  if (is_duplicate) ++counts_.duplicate;
  counts_.sample_limit_exceeded = true;
  return true;
}

void SampleQuota::CountWithoutSlot(LineMark mark) {
  if (mark.is_refused()) {
    ++counts_.post_relabel;
    CountRefused();
    return;
  }
  // A repeat without a slot is a series that only we may report.
  if (mark.is_repeat()) {
    ++counts_.post_relabel;
    ++counts_.duplicate;
  }
}

Status SampleQuota::Check() const {
  if (allowance_ != UINT64_MAX && counts_.sample_limit_exceeded) {
    return InvalidInput("sample limit exceeded");
  }
  if (counts_.bucket_limit_exceeded) return InvalidInput("histogram bucket limit exceeded");
  return Status::Ok();
}

}  // namespace sluice::scrape
