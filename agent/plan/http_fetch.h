// One document over HTTP, for tools.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::agent {

// Its body, of at most 256 MiB. An answer of another status than 200 is an error. Blocks.
Result<std::string> FetchHttp(const std::string& url, std::chrono::milliseconds timeout,
                              const Clock& clock);

}  // namespace sluice::agent
