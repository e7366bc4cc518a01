// `sluice parse`: shows what a scrape would make of an exposition.
#pragma once

#include <ostream>
#include <string_view>

#include "base/result.h"
#include "scrape/entry.h"

namespace sluice::scrape {

// Prints the metadata, each sample and its exemplars of `text`, in its order: series with their
// labels as the scraper understands them, value or native histogram, timestamp if there is one. The
// first error ends it and is returned, as `line N: ...` or, of protobuf, `message N: ...`; what
// stands before it has been printed.
Status PrintExposition(std::string_view text, PageFormat format, std::ostream& out);

}  // namespace sluice::scrape
