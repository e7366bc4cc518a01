// Which files a pattern means, and which folder it looks into.
#pragma once

#include <set>
#include <string>

namespace sluice::scrape {

// Adds the files that match to `files`. False when the folder could not be looked into for another
// reason than that it is not there: then nobody knows what it holds.
bool AddMatches(const std::string& pattern, std::set<std::string>& files);

// "/a" for "/a/*.json", "/" for "/x.json", "." for "x.json".
std::string FolderOf(const std::string& pattern);

}  // namespace sluice::scrape
