#include "relabel/internal/md5.h"

#include <string>

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

std::string Hex(std::string_view text) {
  std::string out;
  for (const uint8_t byte : Md5(text)) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST_CASE("MD5 gives the digests of RFC 1321", "[relabel]") {
  CHECK(Hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(Hex("abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(Hex("abcdefghijklmnopqrstuvwxyz") == "c3fcd3d76192e4007dfb496cca67e13b");
  CHECK(Hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") ==
        "d174ab98d277d9f5a5611c2c9f419d9f");
  CHECK(Hex("1234567890123456789012345678901234567890123456789012345678901234567890"
            "1234567890") == "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("MD5 pads at every length around a block", "[relabel]") {
  // Digests of n times `a`, from another implementation.
  CHECK(Hex(std::string(55, 'a')) == "ef1772b6dff9a122358552954ad0df65");
  CHECK(Hex(std::string(56, 'a')) == "3b0c8ac703f828b04c6c197006d17218");
  CHECK(Hex(std::string(63, 'a')) == "b06521f39153d618550606be297466d5");
  CHECK(Hex(std::string(64, 'a')) == "014842d480b571495a4a0363793f7367");
  CHECK(Hex(std::string(65, 'a')) == "c743a45e0d2e6a95cb859adae0248435");
}

}  // namespace
}  // namespace sluice::relabel
