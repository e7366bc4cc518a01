#include "base/jwt.h"

#include <algorithm>
#include <utility>

#include "base/base64.h"

namespace sluice {
namespace {

std::string_view NameOf(RsaDigest digest) {
  switch (digest) {
    case RsaDigest::kSha256:
      return "RS256";
    case RsaDigest::kSha384:
      return "RS384";
    case RsaDigest::kSha512:
      return "RS512";
  }
  return "RS256";
}

}  // namespace

std::string EncodeBase64Url(std::string_view bytes) {
  std::string text = EncodeBase64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

Result<std::string> SignJwt(std::string_view key, RsaDigest digest, JsonMembers header,
                            const JsonMembers& claims) {
  header.insert(header.begin(), {{"alg", JsonString(NameOf(digest))}, {"typ", JsonString("JWT")}});
  std::string token =
      EncodeBase64Url(JsonObject(header)) + "." + EncodeBase64Url(JsonObject(claims));
  const Result<std::string> signature = SignRsa(key, digest, token);
  if (!signature.ok()) return signature.error();
  return token + "." + EncodeBase64Url(*signature);
}

}  // namespace sluice
