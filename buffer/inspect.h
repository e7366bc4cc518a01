// The words of `sluice buffer inspect DIR`: what a buffer directory holds, read without touching
// it.
#pragma once

#include <ostream>
#include <string>

#include "base/result.h"

namespace sluice::buffer {

struct InspectOptions {
  // Reads every record instead of the newest ones, so that damage is found.
  bool verify = false;
};

// Blocking; works while another process has the directory open. Writes a table for people.
Status Inspect(const std::string& directory, const InspectOptions& options, std::ostream& out);

}  // namespace sluice::buffer
