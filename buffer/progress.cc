#include "buffer/progress.h"

namespace sluice::buffer {

std::string_view DropReasonName(DropReason reason) {
  switch (reason) {
    case DropReason::kRelabel:
      return "relabel";
    case DropReason::kRejected:
      return "rejected";
    case DropReason::kBudget:
      return "budget";
    case DropReason::kDamaged:
      return "damaged";
    case DropReason::kForgotten:
      return "forgotten";
    case DropReason::kNativeHistogram:
      return "native_histograms_disabled";
    case DropReason::kThinned:
      return "thinned";
    case DropReason::kTooOld:
      return "too_old";
    case DropReason::kCustomBuckets:
      return "nhcb_in_rw1_not_supported";
  }
  return "unknown";
}

}  // namespace sluice::buffer
