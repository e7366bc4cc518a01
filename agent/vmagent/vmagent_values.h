// What the flags of vmagent were given, read as vmagent reads it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/config/config.h"
#include "agent/flags/flag_spec.h"
#include "base/result.h"

namespace sluice::agent {

// The items of a list: `a,'b,c',{d,e}` has three. Quotes around a whole item are taken off.
std::vector<std::string> SplitFlagList(std::string_view text);

// `text` with the value of the variable for each %{NAME}; unknown ones stay as they are.
std::string ExpandVmagentText(std::string_view text, const Environment& environment);

// A size of vmagent as Prometheus writes it: a number alone is of bytes.
std::string SizeText(std::string text);

// Adds what -envflag.enable reads from the environment: flags that the command line does not give.
void AddEnvironmentFlags(const Environment& environment, FlagValues& values);

// Immutable.
class VmagentValues {
 public:
  VmagentValues(const FlagValues& given, const Environment& environment);

  bool Has(std::string_view name) const { return values_.contains(name); }

  // The one value, or `fallback` when it was not given or is empty.
  std::string Text(std::string_view name, std::string_view fallback = {}) const;
  bool On(std::string_view name, bool fallback = false) const;

  // All items of a list that are not empty.
  std::vector<std::string> List(std::string_view name) const;

  // What the list says of the URL of this place, from 0: an only item is for all URLs.
  std::string Of(std::string_view name, size_t place, std::string_view fallback = {}) const;
  // The same, where an only item is for the first URL alone.
  std::string At(std::string_view name, size_t place) const;
  bool OnOf(std::string_view name, size_t place) const;

 private:
  FlagValues values_;
};

}  // namespace sluice::agent
