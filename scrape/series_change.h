// What becomes of the series of a page when a body has others than the one before.
//
// Either each slot goes where its series belongs, and chunks in which one came or went are made
// anew. Or all slots stay: series that went away leave theirs empty, new ones get chunks behind all
// others. The latter costs what has changed only. So it is the way of pages that change all the
// time and all over, as where pods come and go that are a line in each of many families, until so
// many slots are empty that it is time to tidy up, or the page is calm. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "scrape/page_walk.h"

namespace sluice::scrape {

// Slots of the old list whose series the body does not have, ascending.
std::vector<uint32_t> MissingSlots(const PageWalk::Outcome& outcome, uint32_t old_count);

// Whether all slots may stay, `missing` ones empty.
bool MayExtend(const PageState& state, const PageWalk::Outcome& outcome,
               const std::vector<uint32_t>& missing);

// Orders of the next list otherwise: see LayoutChange.

// What was seen stays where it is, added series come after the one that they follow on the page.
std::vector<uint32_t> KeptOrder(const PageWalk::Outcome& outcome, uint32_t old_count);

// What has been seen as the lines of the outcome's text have it.
std::vector<uint32_t> PageOrder(const PageWalk::Outcome& outcome);

}  // namespace sluice::scrape
