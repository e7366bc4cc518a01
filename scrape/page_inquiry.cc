#include "scrape/page_inquiry.h"

#include <algorithm>
#include <chrono>

namespace sluice::scrape {

using std::chrono::milliseconds;

Result<PageView> PageInquiry::Wait(const Clock& clock, MonotonicTime deadline) {
  const MutexLock lock(mu_);
  while (!answer_.has_value()) {
    const MonotonicTime now = clock.MonotonicNow();
    if (now >= deadline) return Error{ErrorCode::kTimeout, "the scraper is too busy to answer"};
    const auto left = std::chrono::ceil<milliseconds>(deadline - now);
    answered_.WaitFor(mu_, std::min(left, milliseconds(100)));
  }
  return std::move(*answer_);
}

}  // namespace sluice::scrape
