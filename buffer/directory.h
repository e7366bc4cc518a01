// The directory of the log and the file in it that says who wrote it.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice::buffer {

// Creates the directory and its VERSION file when they are not there. Fails with a message that
// says what to do when it holds something else or was written by a newer version.
Status PrepareDirectory(const std::string& directory);

// As above, but creates nothing.
Status CheckDirectory(const std::string& directory);

// To be called once nobody else has the directory open: from now on it may hold what this version
// writes, so programs that know only older ones are to refuse it.
Status TakeOverDirectory(const std::string& directory);

}  // namespace sluice::buffer
