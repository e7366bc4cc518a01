#include "agent/internal/tls_context.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sluice::agent {
namespace {

namespace ssl = boost::asio::ssl;
using SslError = boost::system::error_code;

// Go's names, and OpenSSL's.
constexpr std::array<std::pair<std::string_view, const char*>, 4> kCurves = {
    {{"CurveP256", "P-256"}, {"CurveP384", "P-384"}, {"CurveP521", "P-521"}, {"X25519", "X25519"}}};

int VersionNumber(int version) {
  constexpr std::array<int, 4> kVersions = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                            TLS1_3_VERSION};
  return kVersions.at(static_cast<size_t>(version - 10));
}

Error BadPair(const SslError& error) {
  const bool differ =
      ERR_GET_REASON(static_cast<unsigned long>(error.value())) == X509_R_KEY_VALUES_MISMATCH;
  return InvalidInput("failed to load X509KeyPair: " +
                      (differ ? "private key does not match public key" : error.message()));
}

Status SetSuites(const TlsSettings& settings, SSL_CTX* context) {
  std::string ciphers;
  for (const std::string& name : settings.cipher_suites) {
    // Those of TLS 1.3 are always on, as in Go.
    if (name.find("_WITH_") == std::string::npos) continue;
    if (!ciphers.empty()) ciphers += ':';
    ciphers += OPENSSL_cipher_name(name.c_str());
  }
  if (!ciphers.empty() && SSL_CTX_set_cipher_list(context, ciphers.c_str()) != 1) {
    return InvalidInput("cipher_suites: none of them can be used");
  }
  std::string curves;
  for (const std::string& name : settings.curves) {
    for (const auto& [go_name, openssl_name] : kCurves) {
      if (name != go_name) continue;
      if (!curves.empty()) curves += ':';
      curves += openssl_name;
    }
  }
  if (!curves.empty() && SSL_CTX_set1_groups_list(context, curves.c_str()) != 1) {
    return InvalidInput("curve_preferences: none of them can be used");
  }
  return Status::Ok();
}

Status SetClientAuth(const TlsSettings& settings, ssl::context& context) {
  SslError error;
  if (!settings.client_ca.empty()) {
    context.add_certificate_authority(boost::asio::buffer(settings.client_ca), error);
    if (error) return InvalidInput("client_ca_file: " + error.message());
  }
  if (settings.client_auth == ClientAuth::kNone) return Status::Ok();
  const bool required = settings.client_auth == ClientAuth::kRequireAny ||
                        settings.client_auth == ClientAuth::kRequireAndVerify;
  const bool verified = settings.client_auth == ClientAuth::kVerifyIfGiven ||
                        settings.client_auth == ClientAuth::kRequireAndVerify;
  context.set_verify_mode(
      ssl::verify_peer | (required ? ssl::verify_fail_if_no_peer_cert : ssl::verify_none), error);
  if (!verified) {
    context.set_verify_callback([](bool, ssl::verify_context&) { return true; }, error);
  }
  return Status::Ok();
}

std::string NameText(const GENERAL_NAME& name) {
  const auto text = [](const ASN1_STRING* string) {
    const auto* const bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(string));
    return std::string(bytes, static_cast<size_t>(ASN1_STRING_length(string)));
  };
  switch (name.type) {
    case GEN_DNS:
      return text(name.d.dNSName);
    case GEN_EMAIL:
      return text(name.d.rfc822Name);
    case GEN_URI:
      return text(name.d.uniformResourceIdentifier);
    case GEN_IPADD: {
      const std::string bytes = text(name.d.iPAddress);
      if (bytes.size() != 4) return {};
      std::string dotted;
      for (const char c : bytes) {
        if (!dotted.empty()) dotted += '.';
        dotted += std::to_string(static_cast<unsigned char>(c));
      }
      return dotted;
    }
    default:
      return {};
  }
}

}  // namespace

bool IsCipherSuite(const std::string& name) {
  return std::string_view(OPENSSL_cipher_name(name.c_str())) != "(NONE)";
}

bool IsCurve(const std::string& name) {
  return std::any_of(kCurves.begin(), kCurves.end(),
                     [&](const auto& curve) { return curve.first == name; });
}

Status CheckTlsSettings(const TlsSettings& settings) {
  const auto context = internal::MakeTlsContext(settings);
  return context.ok() ? Status::Ok() : Status(context.error());
}

namespace internal {

Result<std::shared_ptr<ssl::context>> MakeTlsContext(const TlsSettings& settings) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SslError error;
  context->use_certificate_chain(boost::asio::buffer(settings.cert), error);
  if (error) return BadPair(error);
  context->use_private_key(boost::asio::buffer(settings.key), ssl::context::pem, error);
  if (error) return BadPair(error);
  SSL_CTX_set_min_proto_version(native, VersionNumber(settings.min_version));
  SSL_CTX_set_max_proto_version(native, VersionNumber(settings.max_version));
  if (settings.prefer_server_cipher_suites) {
    SSL_CTX_set_options(native, SSL_OP_CIPHER_SERVER_PREFERENCE);
  }
  // Sessions that are taken up again have no certificate to check.
  SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(native, 0);
  SSL_CTX_set_options(native, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  if (Status status = SetSuites(settings, native); !status.ok()) return status.error();
  if (Status status = SetClientAuth(settings, *context); !status.ok()) return status.error();
  return context;
}

bool PeerHasName(SSL* connection, const std::vector<std::string>& names) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(connection), X509_free);
  if (certificate == nullptr) return false;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> all(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      GENERAL_NAMES_free);
  const int count = all == nullptr ? 0 : sk_GENERAL_NAME_num(all.get());
  for (int i = 0; i < count; ++i) {
    const std::string name = NameText(*sk_GENERAL_NAME_value(all.get(), i));
    if (!name.empty() && std::find(names.begin(), names.end(), name) != names.end()) return true;
  }
  return false;
}

}  // namespace internal
}  // namespace sluice::agent
