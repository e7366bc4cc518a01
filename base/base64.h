// Base64 (RFC 4648).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// With padding, in one line.
std::string EncodeBase64(std::string_view bytes);

// Line breaks are skipped; padding is mandatory. Nothing when the text is no base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace sluice
