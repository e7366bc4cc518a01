#include "buffer/progress.h"

#include <algorithm>

namespace sluice::buffer {

namespace {

// No name in a configuration has it.
constexpr char kBranchMark = '\x1f';

// Whether samples are dropped so without a look at whose they are.
bool IsUnread(DropReason reason) {
  return reason == DropReason::kBudget || reason == DropReason::kDamaged ||
         reason == DropReason::kMaxBytes || reason == DropReason::kNotAccepted ||
         reason == DropReason::kThinnedWhenFull;
}

}  // namespace

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
    case DropReason::kNoTenant:
      return "no_tenant";
    case DropReason::kElsewhere:
      return "elsewhere";
    case DropReason::kMaxBytes:
      return "max_bytes";
    case DropReason::kNotAccepted:
      return "not_accepted";
    case DropReason::kThinnedWhenFull:
      return "thinned_when_full";
    case DropReason::kCustomBuckets:
      return "nhcb_in_rw1_not_supported";
  }
  return "unknown";
}

std::string BranchName(std::string_view destination, std::string_view part) {
  return std::string(destination) + kBranchMark + std::string(part);
}

std::optional<BranchOf> ParseBranchName(std::string_view name) {
  const size_t mark = name.find(kBranchMark);
  if (mark == std::string_view::npos) return std::nullopt;
  return BranchOf{.destination = name.substr(0, mark), .part = name.substr(mark + 1)};
}

std::string PrintableName(std::string_view name) {
  std::string printable(name);
  for (char& c : printable) {
    if (static_cast<unsigned char>(c) < 0x20) c = '/';
  }
  return printable;
}

void JoinLedger(Ledger& ledger, const Ledger& branch) {
  const auto take = [&ledger](uint64_t wanted) {
    const uint64_t taken = std::min(wanted, ledger.branched);
    ledger.branched -= taken;
    return taken;
  };
  ledger.acknowledged += take(branch.acknowledged);
  for (size_t i = 0; i < kDropReasonCount; ++i) {
    // Those that were lost unread may have been anybody's.
    const auto reason = static_cast<DropReason>(i);
    if (reason == DropReason::kElsewhere || IsUnread(reason)) continue;
    ledger.dropped[i] += take(branch.dropped[i]);
  }
}

Ledger WithBranches(const Ledger& ledger, std::span<const Ledger> branches) {
  Ledger all = ledger;
  for (const Ledger& branch : branches) JoinLedger(all, branch);
  all.pending += all.branched;
  all.branched = 0;
  return all;
}

}  // namespace sluice::buffer
