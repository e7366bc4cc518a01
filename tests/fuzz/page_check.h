// What every fuzz target for a text format checks.
#pragma once

#include <string_view>

#include "scrape/entry.h"

namespace sluice::fuzz {

// The input is a body, a NUL NUL, and the body of the next scrape. Whatever it holds, and however
// it is cut, a page with a past and pieces of any size must come to the same end as one that reads
// it whole and for the first time, and so must a page whose format changes from scrape to scrape.
// Aborts when that is not so.
void CheckPages(scrape::PageFormat format, std::string_view input);

}  // namespace sluice::fuzz
