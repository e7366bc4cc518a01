// Whether a password is the one whose bcrypt hash is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::agent {

// Whether this is a bcrypt hash; the error is that of Go's library.
Status CheckBcrypt(std::string_view hash);

// In a time that depends on the length alone.
bool AreEqualTexts(std::string_view a, std::string_view b);

// Remembers pairs that matched, as a hash takes tens of milliseconds and scrapers ask again and
// again. So many comparisons a second, and no more, are made beside that: whoever tries passwords
// must not keep others from being served. Thread-compatible.
class PasswordCheck {
 public:
  explicit PasswordCheck(const Clock& clock);

  enum class Verdict { kRight, kWrong, kTooMany };

  Verdict Check(const std::string& password, const std::string& bcrypt);

 private:
  bool TakeTurn();

  static constexpr size_t kRememberedMax = 100;
  static constexpr double kTurnsPerSecond = 10;

  const Clock& clock_;
  const std::string salt_;  // of this process, so that what is remembered is of no use elsewhere
  std::unordered_set<std::string> right_;
  MonotonicTime last_;
  double turns_ = kTurnsPerSecond;
};

}  // namespace sluice::agent
