// What every fuzz target for an exposition format checks.
#pragma once

#include <string_view>

#include "scrape/entry.h"
#include "scrape/histogram_rules.h"

namespace sluice::fuzz {

// Of two scrapes, one after the other.
struct Bodies {
  std::string_view first;
  std::string_view second;
};

// Whatever the bodies hold, and however they are cut, a page with a past and pieces of any size
// must come to the same end as one that reads them whole and for the first time, and so must a page
// whose format changes from scrape to scrape. Aborts when that is not so.
void CheckPages(scrape::PageFormat format, const Bodies& bodies,
                const scrape::HistogramRules& histograms = {});

// CheckPages() of a text, a NUL NUL, and the text of the next scrape; the text twice without them.
// A byte of 1, 2 or 3 in front, which begins no text, chooses the rules: its bits are
// to_custom_buckets and always_classic.
void CheckTexts(scrape::PageFormat format, std::string_view input);

}  // namespace sluice::fuzz
