#include "base/secret.h"

#include <ostream>

namespace sluice {

std::ostream& operator<<(std::ostream& out, const Secret& secret) {
  return secret.empty() ? out : out << "<secret>";
}

}  // namespace sluice
