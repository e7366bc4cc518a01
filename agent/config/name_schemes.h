// metric_name_validation_scheme and metric_name_escaping_scheme.
#pragma once

#include <optional>

#include "agent/config/decoder.h"
#include "relabel/rule.h"
#include "scrape/protocol.h"

namespace sluice::agent {

// As a section says them; nothing where it does not.
struct NameSchemes {
  std::optional<relabel::NameScheme> validation;
  std::optional<scrape::NameEscaping> escaping;
};

// `section` is what a message calls the section: "global" or "scrape config".
NameSchemes ReadNameSchemes(const Fields& fields, std::string_view section);

// What follows from the validation alone.
scrape::NameEscaping EscapingFor(relabel::NameScheme validation);

}  // namespace sluice::agent
