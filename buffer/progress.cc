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
  }
  return "unknown";
}

}  // namespace sluice::buffer
