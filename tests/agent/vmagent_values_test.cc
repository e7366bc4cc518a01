#include "agent/vmagent/vmagent_values.h"

#include <catch2/catch.hpp>

namespace sluice::agent {
namespace {

const Environment kNone = [](std::string_view) { return std::nullopt; };

TEST_CASE("lists are cut at commas outside of quotes and brackets", "[vmagent]") {
  using List = std::vector<std::string>;
  CHECK(SplitFlagList("") == List{""});
  CHECK(SplitFlagList("a,b,,c") == List{"a", "b", "", "c"});
  CHECK(SplitFlagList(R"("a,b",'c,d')") == List{"a,b", "c,d"});
  CHECK(SplitFlagList(R"({"a":"b","c":[1,2]},x(1,2))") == List{R"({"a":"b","c":[1,2]})", "x(1,2)"});
  CHECK(SplitFlagList("a),b") == List{"a)", "b"});
}

TEST_CASE("an only value is for all URLs, missing and empty ones are the default", "[vmagent]") {
  const VmagentValues one({{"remoteWrite.sendTimeout", {"5s"}}}, kNone);
  CHECK(one.Of("remoteWrite.sendTimeout", 3, "1m") == "5s");
  const VmagentValues two({{"remoteWrite.sendTimeout", {",7s"}}}, kNone);
  CHECK(two.Of("remoteWrite.sendTimeout", 0, "1m") == "1m");
  CHECK(two.Of("remoteWrite.sendTimeout", 1, "1m") == "7s");
  CHECK(two.Of("remoteWrite.sendTimeout", 2, "1m") == "1m");
  CHECK(two.At("remoteWrite.sendTimeout", 1) == "7s");
  CHECK(two.Of("remoteWrite.rateLimit", 0, "0") == "0");
}

}  // namespace
}  // namespace sluice::agent
