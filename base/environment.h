// Variables of the process, read at one moment.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace sluice {

// By name.
using Environment = std::map<std::string, std::string>;

// Those whose names begin with one of `prefixes`. Not while another thread changes them.
Environment ReadEnvironment(std::initializer_list<std::string_view> prefixes);

// Empty for one that is not there.
std::string Variable(const Environment& environment, const std::string& name);

}  // namespace sluice
