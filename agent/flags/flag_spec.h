// What a table of flags says of one of them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::agent {

struct FlagSpec {
  enum class Kind {
    kValue,     // --flag=value or --flag value; the last one counts
    kValues,    // the same; all count
    kSwitch,    // --flag, --no-flag or --flag=false
    kSwitches,  // --flag or --flag=false,true; all count
  };

  std::string_view name;  // without dashes
  Kind kind = Kind::kValue;
  std::string_view fallback = {};  // what holds when it is not given, as text
  std::string_view help = {};      // empty: not among what --help shows
  bool is_secret = false;          // its values are never shown
};

// Name -> values, in the order in which they were given. Of a switch "true" or "false".
using FlagValues = std::map<std::string, std::vector<std::string>, std::less<>>;

}  // namespace sluice::agent
