#include "relabel/case_mapper.h"

#include <catch2/catch.hpp>

namespace sluice::relabel {
namespace {

TEST_CASE("letters change their case by code point", "[relabel]") {
  const CaseMapper mapper;
  CHECK(mapper.Lower("ABC-xyz_09").compare("abc-xyz_09") == 0);
  CHECK(mapper.Upper("ABC-xyz_09").compare("ABC-XYZ_09") == 0);
  CHECK(mapper.Lower("ÄÖÜ ΑΒΓ АБВ") == "äöü αβγ абв");
  CHECK(mapper.Upper("äöü αβγ абв") == "ÄÖÜ ΑΒΓ АБВ");
  // One code point stays one code point: no SS.
  CHECK(mapper.Upper("straße") == "STRAßE");
  CHECK(mapper.Lower("日本 €") == "日本 €");
  CHECK(mapper.Lower("").empty());
}

TEST_CASE("a change of case replaces invalid bytes", "[relabel]") {
  const CaseMapper mapper;
  CHECK(mapper.Lower("A\xff"
                     "B") ==
        "a\xef\xbf\xbd"
        "b");
}

}  // namespace
}  // namespace sluice::relabel
