// How the HTTP server speaks TLS.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::agent {

enum class ClientAuth {
  kNone,
  kRequest,           // any certificate, or none
  kRequireAny,        // any certificate
  kVerifyIfGiven,     // one of the CA, or none
  kRequireAndVerify,  // one of the CA
};

struct TlsSettings {
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
  // PEM, as the files hold it.
  std::string cert;
  std::string key;
  std::string client_ca;

  ClientAuth client_auth = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;  // empty: any
  int min_version = 12;                          // 10 to 13: TLS 1.0 to 1.3
  int max_version = 13;
  std::vector<std::string> cipher_suites;  // of TLS up to 1.2, by their IANA names; empty: defaults
  std::vector<std::string> curves;         // by Go's names; empty: defaults
  bool prefer_server_cipher_suites = true;
};

// Whether there is such a cipher suite: `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`.
bool IsCipherSuite(const std::string& name);

// Whether there is such a curve: `CurveP256`, `X25519`.
bool IsCurve(const std::string& name);

// Whether a server can be made of them; the error says what of their content is bad.
Status CheckTlsSettings(const TlsSettings& settings);

}  // namespace sluice::agent
