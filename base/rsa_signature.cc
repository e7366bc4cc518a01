#include "base/rsa_signature.h"

#include <memory>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

namespace sluice {
namespace {

template <auto kFree>
struct Freeing {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

void FreeCertificates(STACK_OF(X509) * certificates) { sk_X509_pop_free(certificates, X509_free); }

using BioPtr = std::unique_ptr<BIO, Freeing<&BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freeing<&EVP_PKEY_free>>;
using DigestPtr = std::unique_ptr<EVP_MD_CTX, Freeing<&EVP_MD_CTX_free>>;
using CertificatePtr = std::unique_ptr<X509, Freeing<&X509_free>>;
using CertificatesPtr = std::unique_ptr<STACK_OF(X509), Freeing<&FreeCertificates>>;
using ArchivePtr = std::unique_ptr<PKCS12, Freeing<&PKCS12_free>>;

// What failed stays in the thread's queue otherwise, and would be taken for errors of its next
// user.
class NoErrorsLeft {
 public:
  NoErrorsLeft() = default;
  NoErrorsLeft(const NoErrorsLeft&) = delete;
  NoErrorsLeft& operator=(const NoErrorsLeft&) = delete;

  ~NoErrorsLeft() { ERR_clear_error(); }
};

// There is no passphrase; without this, OpenSSL would ask for one on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

BioPtr Reading(std::string_view bytes) {
  if (bytes.empty()) bytes = "\n";  // OpenSSL takes no null
  BioPtr bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  SLUICE_CHECK(bio != nullptr);
  return bio;
}

Result<KeyPtr> ReadKey(std::string_view pem) {
  const BioPtr bio = Reading(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, &NoPassphrase, nullptr));
  if (key == nullptr) return InvalidInput("not a private key in PEM without a passphrase");
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return InvalidInput("not an RSA key");
  return key;
}

const EVP_MD* DigestOf(RsaDigest digest) {
  switch (digest) {
    case RsaDigest::kSha256:
      return EVP_sha256();
    case RsaDigest::kSha384:
      return EVP_sha384();
    case RsaDigest::kSha512:
      return EVP_sha512();
  }
  return EVP_sha256();
}

std::string KeyText(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  SLUICE_CHECK(bio != nullptr);
  if (PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return {};
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string DerOf(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  if (size <= 0) return {};
  std::string text(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return text;
}

void AddCertificate(X509* certificate, bool is_own, ClientCertificate& out) {
  if (!is_own) {
    out.chain.push_back(DerOf(certificate));
    return;
  }
  out.chain.insert(out.chain.begin(), DerOf(certificate));
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha1(), bytes, &size) != 1) return;
  out.thumbprint.assign(reinterpret_cast<const char*>(bytes), size);
}

Result<ClientCertificate> Checked(ClientCertificate read) {
  if (read.key.empty()) return InvalidInput("the private key cannot be used");
  if (read.thumbprint.empty()) return InvalidInput("no certificate for the private key");
  return read;
}

Result<ClientCertificate> ReadPem(std::string_view bytes) {
  Result<KeyPtr> key = ReadKey(bytes);
  if (!key.ok()) return key.error();
  ClientCertificate out;
  out.key = KeyText(key->get());
  const BioPtr bio = Reading(bytes);
  while (true) {
    const CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, &NoPassphrase, nullptr));
    if (certificate == nullptr) break;
    AddCertificate(certificate.get(), X509_check_private_key(certificate.get(), key->get()) == 1,
                   out);
  }
  return Checked(std::move(out));
}

Result<ClientCertificate> ReadArchive(PKCS12* archive, const std::string& password) {
  EVP_PKEY* raw_key = nullptr;
  X509* raw_own = nullptr;
  STACK_OF(X509)* raw_others = nullptr;
  if (PKCS12_parse(archive, password.c_str(), &raw_key, &raw_own, &raw_others) != 1) {
    return InvalidInput("the PKCS #12 archive does not open with this password");
  }
  const KeyPtr key(raw_key);
  const CertificatePtr own(raw_own);
  const CertificatesPtr others(raw_others);
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
    return InvalidInput("not an RSA key");
  }
  ClientCertificate out;
  out.key = KeyText(key.get());
  if (own != nullptr) AddCertificate(own.get(), /*is_own=*/true, out);
  for (int i = 0; others != nullptr && i < sk_X509_num(others.get()); ++i) {
    AddCertificate(sk_X509_value(others.get(), i), /*is_own=*/false, out);
  }
  return Checked(std::move(out));
}

}  // namespace

Result<std::string> SignRsa(std::string_view key, RsaDigest digest, std::string_view text) {
  const NoErrorsLeft no_errors_left;
  const Result<KeyPtr> parsed = ReadKey(key);
  if (!parsed.ok()) return parsed.error();
  const DigestPtr context(EVP_MD_CTX_new());
  SLUICE_CHECK(context != nullptr);
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, DigestOf(digest), nullptr, parsed->get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return InvalidInput("the private key cannot be used");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1) {
    return InvalidInput("the private key cannot be used");
  }
  signature.resize(size);
  return signature;
}

Result<ClientCertificate> ReadClientCertificate(std::string_view bytes,
                                                const std::string& password) {
  const NoErrorsLeft no_errors_left;
  if (bytes.find("-----BEGIN ") != std::string_view::npos) return ReadPem(bytes);
  const BioPtr bio = Reading(bytes);
  const ArchivePtr archive(d2i_PKCS12_bio(bio.get(), nullptr));
  if (archive == nullptr) return InvalidInput("neither PEM nor PKCS #12");
  return ReadArchive(archive.get(), password);
}

}  // namespace sluice
