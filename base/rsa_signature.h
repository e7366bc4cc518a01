// Signatures with RSA keys (PKCS #1 v1.5): the only place that includes OpenSSL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

enum class RsaDigest { kSha256, kSha384, kSha512 };

// `key` is a private key in PEM (PKCS #1 or PKCS #8), without a passphrase. Errors are
// kInvalidInput and say nothing of it. Thread-safe.
Result<std::string> SignRsa(std::string_view key, RsaDigest digest, std::string_view text);

// What a client shows in place of a secret: a certificate and its private key.
struct ClientCertificate {
  std::string key;         // PEM
  std::string thumbprint;  // SHA-1 of the certificate
  // The certificate and those that it came with, the one that is for the key first. DER.
  std::vector<std::string> chain;
};

// Of a PEM with a key and certificates, or of a PKCS #12 archive, encrypted with `password` ("" for
// none). Errors are kInvalidInput and say nothing of what is in it.
Result<ClientCertificate> ReadClientCertificate(std::string_view bytes,
                                                const std::string& password);

}  // namespace sluice
