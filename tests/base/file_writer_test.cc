#include "base/file_writer.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/file.h"
#include "tests/support/temp_dir.h"

namespace sluice {
namespace {

TEST_CASE("a file is written, and replaced, for its owner only", "[file]") {
  const test::TempDir dir;
  const std::string path = dir.File("f");
  for (const std::string& content :
       {std::string("one"), std::string(300'000, 'x'), std::string()}) {
    REQUIRE(WriteFileAtomically(path, content).ok());
    CHECK(*ReadFile(path, 1 << 20) == content);
  }

  struct stat info {};

  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK_FALSE(std::filesystem::exists(path + ".new"));
}

TEST_CASE("a file that cannot be written leaves the old one as it is", "[file]") {
  const test::TempDir dir;
  const std::string path = dir.File("f");
  REQUIRE(WriteFileAtomically(path, "old").ok());
  std::filesystem::create_directory(path + ".new");
  const Status status = WriteFileAtomically(path, "new");
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.find(path) != std::string::npos);
  CHECK(*ReadFile(path, 100) == "old");
  CHECK_FALSE(WriteFileAtomically(dir.File("no/such/folder"), "x").ok());
}

}  // namespace
}  // namespace sluice
