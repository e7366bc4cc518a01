// Files written whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// Writes `PATH.new`, syncs it, puts it in the place of `path`, and syncs the folder: whoever reads
// finds the old content or the new one, also after a power cut. For the owner only (mode 0600).
// Errors are `PATH: reason`.
Status WriteFileAtomically(const std::string& path, std::string_view content);

}  // namespace sluice
