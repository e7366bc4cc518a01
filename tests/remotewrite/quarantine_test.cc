#include "remotewrite/quarantine.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "base/base64.h"
#include "base/json.h"
#include "tests/support/temp_dir.h"

namespace sluice::remotewrite::test {
namespace {

QuarantineEntry Entry(const std::string& series, const std::string& request = "request") {
  return {.samples = 3,
          .series = series,
          .http_status = 400,
          .answer = "out of \"bounds\"",
          .protocol = "1.0",
          .request = std::make_shared<const std::string>(request)};
}

std::string List(const std::string& directory, const QuarantineListing& listing = {}) {
  std::ostringstream out;
  REQUIRE(ListQuarantine(directory, listing, out).ok());
  return out.str();
}

TEST_CASE("what is in quarantine is listed with the receiver's words", "[quarantine]") {
  sluice::test::TempDir dir;
  Quarantine one({.directory = dir.File("q")}, "mimir");
  Quarantine other({.directory = dir.File("q")}, "a/b c");
  REQUIRE(one.Add(1'700'000'000'123, Entry("{__name__=\"up\"}")).ok());
  REQUIRE(other.Add(1'700'000'001'000, Entry("{__name__=\"down\"}")).ok());
  CHECK(List(dir.File("q")) ==
        "2023-11-14T22:13:21.000Z  a/b c  HTTP 400  3 samples  {__name__=\"down\"}\n"
        "    out of \"bounds\"\n"
        "2023-11-14T22:13:20.123Z  mimir  HTTP 400  3 samples  {__name__=\"up\"}\n"
        "    out of \"bounds\"\n"
        "2 entries\n");
  CHECK(List(dir.File("q"), {.destination = "mimir"}).find("down") == std::string::npos);
  CHECK(std::filesystem::exists(dir.File("q/a%2Fb%20c.jsonl")));
}

TEST_CASE("the last words about a series are found in quarantine", "[quarantine]") {
  sluice::test::TempDir dir;
  const std::string folder = dir.File("q");
  Quarantine one({.directory = folder}, "mimir");
  Quarantine other({.directory = folder}, "other");
  const auto find = [&](std::string_view destination, std::string_view series) {
    const auto found = FindRefusal(folder, destination, series);
    REQUIRE(found.ok());
    return found->has_value() ? (*found)->time + " " + (*found)->status + " " + (*found)->answer
                              : "none";
  };
  CHECK(find("mimir", "{__name__=\"up\"}") == "none");
  REQUIRE(one.Add(1'700'000'000'123, Entry("{__name__=\"up\"}")).ok());
  REQUIRE(one.Add(1'700'000'001'000, Entry("{__name__=\"up\"}")).ok());
  REQUIRE(one.Add(1'700'000'002'000, Entry("{__name__=\"down\"}")).ok());
  REQUIRE(other.Add(1'700'000'003'000, Entry("{__name__=\"up\"}")).ok());
  CHECK(find("mimir", "{__name__=\"up\"}") == "2023-11-14T22:13:21.000Z 400 out of \"bounds\"");
  CHECK(find("mimir", "{__name__=\"u\"}") == "none");
  CHECK(find("nobody", "{__name__=\"up\"}") == "none");
}

TEST_CASE("a refused request can be taken out of quarantine as it was", "[quarantine]") {
  sluice::test::TempDir dir;
  std::string request;
  for (int i = 0; i < 256; ++i) request += static_cast<char>(i);
  Quarantine quarantine({.directory = dir.File("q")}, "x");
  REQUIRE(quarantine.Add(0, Entry("{}", request)).ok());
  const auto document = JsonDocument::Parse(List(dir.File("q"), {.json = true}));
  REQUIRE(document.ok());
  CHECK((*document)->root()["protocol"].Text() == "1.0");
  CHECK(DecodeBase64((*document)->root()["request"].Text()) == request);
}

TEST_CASE("a quarantine keeps the newest entries within its bound", "[quarantine]") {
  sluice::test::TempDir dir;
  Quarantine quarantine({.directory = dir.File("q"), .bytes_max = 20'000}, "x");
  for (int i = 0; i < 100; ++i) {
    REQUIRE(
        quarantine.Add(i, Entry("{i=\"" + std::to_string(i) + "\"}", std::string(500, 'x'))).ok());
  }
  uint64_t bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(dir.File("q"))) {
    bytes += file.file_size();
  }
  CHECK(bytes <= 20'000);
  CHECK(bytes > 10'000);
  const std::string list = List(dir.File("q"));
  CHECK(list.find("{i=\"99\"}") != std::string::npos);
  CHECK(list.find("{i=\"98\"}") < list.find("{i=\"99\"}"));
  CHECK(list.find("{i=\"1\"}") == std::string::npos);
}

TEST_CASE("damaged lines of a quarantine are counted, and no quarantine is an empty one",
          "[quarantine]") {
  sluice::test::TempDir dir;
  CHECK(List(dir.File("q")) == "0 entries\n");
  Quarantine quarantine({.directory = dir.File("q")}, "x");
  REQUIRE(quarantine.Add(0, Entry("{}")).ok());
  std::ofstream(dir.File("q/x.jsonl"), std::ios::app) << "{\"time\":\n\n[]\n";
  CHECK(List(dir.File("q")).find("2 lines cannot be read\n1 entries\n") != std::string::npos);
}

TEST_CASE("a quarantine that is off keeps nothing", "[quarantine]") {
  sluice::test::TempDir dir;
  REQUIRE(Quarantine({.directory = dir.File("q"), .bytes_max = 0}, "x").Add(0, Entry("{}")).ok());
  REQUIRE(Quarantine({.directory = ""}, "x").Add(0, Entry("{}")).ok());
  CHECK_FALSE(std::filesystem::exists(dir.File("q")));
}

}  // namespace
}  // namespace sluice::remotewrite::test
