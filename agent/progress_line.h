// A line on a terminal that says how far something has come, over and over in its place.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace sluice::agent {

class ProgressLine {
 public:
  // Nothing is written unless `is_terminal`. The stream must outlive it.
  ProgressLine(std::string what, bool is_terminal, std::ostream& out);
  ~ProgressLine();  // takes the line away
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // To be called as often as you like: it writes each percent once.
  void Show(uint64_t done, uint64_t all);

 private:
  const std::string what_;
  const bool is_terminal_;
  std::ostream& out_;
  int shown_ = -1;
};

}  // namespace sluice::agent
