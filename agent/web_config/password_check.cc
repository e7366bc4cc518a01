#include "agent/web_config/password_check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>

#include <crypt.h>
#include <openssl/sha.h>

namespace sluice::agent {
namespace {

// `$2b$12$`, 22 characters of salt and 31 of hash.
constexpr size_t kHashSize = 60;
constexpr int kCostMin = 4;
constexpr int kCostMax = 31;

std::string RandomBytes(size_t size) {
  std::random_device device;
  std::string bytes;
  while (bytes.size() < size) bytes += static_cast<char>(device() & 0xff);
  return bytes;
}

std::string Digest(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

bool IsBcryptOf(const std::string& password, const std::string& hash) {
  // It is large, and must begin zeroed.
  const auto data = std::make_unique<crypt_data>();
  const char* const made = crypt_r(password.c_str(), hash.c_str(), data.get());
  return made != nullptr && AreEqualTexts(made, hash);
}

}  // namespace

Status CheckBcrypt(std::string_view hash) {
  if (hash.size() < kHashSize - 1) {
    return InvalidInput("crypto/bcrypt: hashedSecret too short to be a bcrypted password");
  }
  const bool is_ours = hash.size() == kHashSize && hash.substr(0, 2) == "$2" && hash[3] == '$' &&
                       (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y') && hash[6] == '$';
  if (!is_ours) return InvalidInput("not a bcrypt hash: it must begin with $2a$, $2b$ or $2y$");
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (cost < kCostMin || cost > kCostMax) {
    return InvalidInput("crypto/bcrypt: cost " + std::to_string(cost) +
                        " is outside allowed range (4,31)");
  }
  return Status::Ok();
}

bool AreEqualTexts(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(
        difference | (static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i])));
  }
  return difference == 0;
}

PasswordCheck::PasswordCheck(const Clock& clock)
    : clock_(clock), salt_(RandomBytes(32)), last_(clock.MonotonicNow()) {}

PasswordCheck::Verdict PasswordCheck::Check(const std::string& password,
                                            const std::string& bcrypt) {
  const std::string key = Digest(salt_ + Digest(password) + bcrypt);
  if (right_.contains(key)) return Verdict::kRight;
  if (!TakeTurn()) return Verdict::kTooMany;
  // crypt() ends at a zero byte, and what follows would not count.
  if (password.find('\0') != std::string::npos) return Verdict::kWrong;
  if (!IsBcryptOf(password, bcrypt)) return Verdict::kWrong;
  if (right_.size() >= kRememberedMax) right_.clear();
  right_.insert(key);
  return Verdict::kRight;
}

bool PasswordCheck::TakeTurn() {
  const MonotonicTime now = clock_.MonotonicNow();
  const double passed = std::chrono::duration<double>(now - last_).count();
  last_ = now;
  turns_ = std::min(kTurnsPerSecond, turns_ + passed * kTurnsPerSecond);
  if (turns_ < 1) return false;
  turns_ -= 1;
  return true;
}

}  // namespace sluice::agent
