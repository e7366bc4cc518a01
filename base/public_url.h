// URLs as they may be shown to people.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// The URL without user name and password.
std::string PublicUrl(std::string_view url);

}  // namespace sluice
