// The words of `sluice buffer inspect DIR`: what a buffer directory holds, read without touching
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>

#include "base/result.h"

namespace sluice::buffer {

struct InspectOptions {
  // Reads every record instead of the newest ones, so that damage is found.
  bool verify = false;
  // Called now and then while that goes on, which may take minutes: records read, and all.
  std::function<void(uint64_t done, uint64_t all)> on_progress = {};
};

// Blocking; works while another process has the directory open. Writes a table for people.
Status Inspect(const std::string& directory, const InspectOptions& options, std::ostream& out);

}  // namespace sluice::buffer
