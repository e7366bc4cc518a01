// Escapes of exposition texts: undone in what is read, and done in what error messages quote.
#pragma once

#include <string>
#include <string_view>

namespace sluice::scrape {

enum class Escapes {
  kLabel,  // \\, \n and \"
  kHelp,   // \\ and \n
};

// Unknown escapes are kept as they are written.
std::string Unescape(std::string_view text, Escapes escapes);

// In quotes, as Go's %q; only the beginning of a long text.
std::string QuoteExcerpt(std::string_view text);

}  // namespace sluice::scrape
