#include "buffer/record_reader.h"

#include <algorithm>

namespace sluice::buffer {
namespace {

// Unreadable stretches are probed record by record this far, then in growing steps.
constexpr uint64_t kProbesOneByOne = 2048;

}  // namespace

bool RecordReader::Arrive() {
  if (!cursor_.valid() || cursor_.sequence() >= end_) return false;
  at_ = cursor_.sequence() + 1;
  return true;
}

bool RecordReader::Next() {
  unreadable_ = {};
  if (at_ >= end_) return false;
  if (started_ && cursor_.Next() && cursor_.sequence() == at_) return Arrive();
  started_ = true;
  // Either there is a gap, which is legal, or something cannot be read: moving on from one file
  // into a damaged one passes over all of it without a word. Only seeking tells.
  cursor_.Seek(at_);
  const Sequence first = at_;
  uint64_t step = 1;
  if (cursor_.broken() && passes_over_) {
    const Error error = cursor_.error();
    if (!passes_over_(first, error)) {
      error_ = error;
      return false;
    }
  }
  for (uint64_t probes = 0; cursor_.broken(); ++probes) {
    if (probes > kProbesOneByOne) step *= 2;
    at_ += std::min(step, end_ - at_);
    unreadable_ = {.first = first, .count = at_ - first};
    if (at_ >= end_) return false;
    cursor_.Seek(at_);
  }
  return Arrive();
}

}  // namespace sluice::buffer
