// JSON Web Tokens, as far as they are made here: signed with RSA (RFC 7515, 7519).
#pragma once

#include <string>
#include <string_view>

#include "base/json_text.h"
#include "base/result.h"
#include "base/rsa_signature.h"

namespace sluice {

// `key`: see SignRsa. `header` is what stands in it beside `alg` and `typ`. Errors are
// kInvalidInput.
Result<std::string> SignJwt(std::string_view key, RsaDigest digest, JsonMembers header,
                            const JsonMembers& claims);

// RFC 4648, 5, without padding.
std::string EncodeBase64Url(std::string_view bytes);

}  // namespace sluice
