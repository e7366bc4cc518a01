#include "scrape/histogram_rules.h"

namespace sluice::scrape {

Result<bool> ApplyLimits(const HistogramRules& rules, proto::NativeHistogram& histogram) {
  Status status = proto::LimitSchema(histogram, rules.schema_max);
  if (!status.ok()) return status.error();
  if (rules.bucket_limit == 0) return true;
  return proto::LimitBuckets(histogram, rules.bucket_limit);
}

}  // namespace sluice::scrape
