// A question to the thread that has a target: what was its last page?
#pragma once

#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "scrape/page_view.h"

namespace sluice::scrape {

// Thread-safe. Asked and answered once, by two threads that share it.
class PageInquiry {
 public:
  void Answer(Result<PageView> page) {
    const MutexLock lock(mu_);
    answer_.emplace(std::move(page));
    answered_.NotifyAll();
  }

  // kTimeout when nobody has answered by then. Takes the answer.
  Result<PageView> Wait(const Clock& clock, MonotonicTime deadline);

 private:
  Mutex mu_;
  CondVar answered_;
  std::optional<Result<PageView>> answer_ SLUICE_GUARDED_BY(mu_);
};

}  // namespace sluice::scrape
