#include "agent/progress_line.h"

#include <algorithm>
#include <ostream>
#include <utility>

namespace sluice::agent {
namespace {

constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(std::string what, bool is_terminal, std::ostream& out)
    : what_(std::move(what)), is_terminal_(is_terminal), out_(out) {}

ProgressLine::~ProgressLine() {
  if (shown_ >= 0) out_ << kClearLine << std::flush;
}

void ProgressLine::Show(uint64_t done, uint64_t all) {
  if (!is_terminal_ || all == 0) return;
  const double share = static_cast<double>(std::min(done, all)) / static_cast<double>(all);
  const int percent = static_cast<int>(share * 100);
  if (percent == shown_) return;
  shown_ = percent;
  out_ << kClearLine << what_ << ": " << percent << " %" << std::flush;
}

}  // namespace sluice::agent
