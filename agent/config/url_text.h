// URLs as Go's net/url reads them, which is what Prometheus checks them with.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::agent {

struct UrlText {
  std::string scheme;  // in lower case; may be empty
  std::string host;    // with the port, without the user; may be empty
};

// Messages do not repeat the URL, which may hold a password.
Result<UrlText> ReadUrlText(std::string_view url);

}  // namespace sluice::agent
