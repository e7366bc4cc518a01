// Small rules of the text of HTTP messages.
#pragma once

#include <string>
#include <string_view>

namespace sluice::internal {

std::string LowerAscii(std::string_view text);

// Whether `text` is `lower` but for upper case; allocates nothing.
bool IsLowerAscii(std::string_view text, std::string_view lower);

// Without blanks and line ends around it.
std::string_view TrimBlank(std::string_view text);

// RFC 9110, 5.6.2.
bool IsHttpToken(std::string_view text);

// No line end and no zero byte.
bool IsHttpHeaderValue(std::string_view text);

// The beginning of foreign words, fit for a message: at most 200 bytes of printable ASCII.
std::string PrintableWords(std::string_view text);

// RFC 4648, 4.
std::string EncodeBase64(std::string_view bytes);

// application/x-www-form-urlencoded.
std::string EncodeForm(std::string_view text);

}  // namespace sluice::internal
