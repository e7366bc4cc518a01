#include "agent/config/name_schemes.h"

#include <string>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

std::optional<relabel::NameScheme> ReadValidation(const Fields& fields) {
  const auto value = fields.Find("metric_name_validation_scheme");
  if (!value.has_value()) return std::nullopt;
  const std::string name = value->Text();
  if (name.empty()) return std::nullopt;
  if (name == "utf8") return relabel::NameScheme::kUtf8;
  if (name == "legacy") return relabel::NameScheme::kLegacy;
  value->Fail("unrecognized ValidationScheme: " + QuoteText(name));
  return std::nullopt;
}

std::optional<scrape::NameEscaping> ReadEscaping(const Fields& fields, std::string_view section) {
  const auto value = fields.Find("metric_name_escaping_scheme");
  if (!value.has_value()) return std::nullopt;
  const std::string name = value->Text();
  if (name.empty()) return std::nullopt;
  const auto escaping = scrape::FindNameEscaping(name);
  if (!escaping.has_value()) {
    value->Fail("unknown " + std::string(section) +
                " name escaping method specified, must be one of 'allow-utf-8', 'underscores', "
                "'dots', or 'values', got " +
                QuoteText(name));
  }
  return escaping;
}

}  // namespace

NameSchemes ReadNameSchemes(const Fields& fields, std::string_view section) {
  return {.validation = ReadValidation(fields), .escaping = ReadEscaping(fields, section)};
}

scrape::NameEscaping EscapingFor(relabel::NameScheme validation) {
  return validation == relabel::NameScheme::kLegacy ? scrape::NameEscaping::kUnderscores
                                                    : scrape::NameEscaping::kAllowUtf8;
}

}  // namespace sluice::agent
