#include "agent/web_config/password_check.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"

namespace sluice::agent {
namespace {

using Verdict = PasswordCheck::Verdict;

// Of "first-hunter2", at the least cost.
const std::string kHash = "$2b$04$un5jf2mSbWSJQT23En1xyuf8Y6Oyh1RU1FXFiEjC4QlGc8xJeadXe";

std::string WithPrefix(char minor) {
  std::string hash = kHash;
  hash[2] = minor;
  return hash;
}

TEST_CASE("a password is compared with its bcrypt hash, whoever wrote that", "[password_check]") {
  test::FakeClock clock;
  PasswordCheck check(clock);
  for (const char minor : {'a', 'b', 'y'}) {
    CHECK(check.Check("first-hunter2", WithPrefix(minor)) == Verdict::kRight);
  }
  CHECK(check.Check("first-hunter3", kHash) == Verdict::kWrong);
  CHECK(check.Check("", kHash) == Verdict::kWrong);
  CHECK(check.Check(std::string("first-hunter2\0x", 15), kHash) == Verdict::kWrong);
}

TEST_CASE("who guesses is slowed down, who was right is not", "[password_check]") {
  test::FakeClock clock;
  PasswordCheck check(clock);
  REQUIRE(check.Check("first-hunter2", kHash) == Verdict::kRight);
  int wrong = 0;
  while (check.Check("guess", kHash) == Verdict::kWrong) REQUIRE(++wrong < 100);
  CHECK(wrong == 9);
  CHECK(check.Check("first-hunter2", kHash) == Verdict::kRight);
  clock.Advance(std::chrono::milliseconds(250));
  CHECK(check.Check("guess", kHash) == Verdict::kWrong);
  CHECK(check.Check("guess", kHash) == Verdict::kWrong);
  CHECK(check.Check("guess", kHash) == Verdict::kTooMany);
}

TEST_CASE("what is no bcrypt hash is refused", "[password_check]") {
  CHECK(CheckBcrypt(kHash).ok());
  CHECK_THAT(CheckBcrypt("x").error().message, Catch::Contains("too short"));
  CHECK_FALSE(CheckBcrypt(std::string(60, 'x')).ok());
  std::string costly = kHash;
  costly[4] = '9';
  CHECK_THAT(CheckBcrypt(costly).error().message, Catch::Contains("outside allowed range"));
}

TEST_CASE("texts are equal or not", "[password_check]") {
  CHECK(AreEqualTexts("", ""));
  CHECK(AreEqualTexts("abc", "abc"));
  CHECK_FALSE(AreEqualTexts("abc", "abd"));
  CHECK_FALSE(AreEqualTexts("abc", "ab"));
}

}  // namespace
}  // namespace sluice::agent
