#include "scrape/discovery/group_book.h"

#include <map>
#include <random>
#include <string>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

TargetGroup Group(const std::string& source, const std::string& address,
                  const std::string& label = "") {
  TargetGroup group;
  group.source = source;
  if (!address.empty()) group.targets.push_back({{"__address__", address}});
  if (!label.empty()) group.labels = relabel::Labels{{"l", label}};
  return group;
}

// "a=1:0 b" for an update of a with the target 1:0, and of b without one.
std::string Text(const std::optional<DiscoveryUpdate>& update) {
  if (!update) return "nothing";
  std::string text = update->whole ? "whole" : "";
  for (const TargetGroupPtr& group : update->groups) {
    if (!text.empty()) text += " ";
    text += group->source;
    for (const auto& target : group->targets) {
      text.append("=").append(target.Get("__address__"));
    }
  }
  return text;
}

TEST_CASE("the first update is whole, later ones hold what changed", "[discovery]") {
  GroupBook book;
  CHECK_FALSE(book.told());
  CHECK(Text(book.Replace({Group("a", "1"), Group("b", "2"), Group("c", "3")})) ==
        "whole a=1 b=2 c=3");
  CHECK(Text(book.Replace({Group("a", "1"), Group("b", "2"), Group("c", "3")})) == "nothing");
  CHECK(Text(book.Replace({Group("a", "1"), Group("c", "4"), Group("d", "5")})) == "b c=4 d=5");
  CHECK(book.target_count() == 3);
  CHECK(Text(book.Replace({Group("a", "1"), Group("c", "4", "new"), Group("d", "5")})) == "c=4");
  CHECK(Text(book.Replace({})) == "a c d");
  CHECK(Text(book.Replace({})) == "nothing");
}

TEST_CASE("what is known from before the start stays where nothing newer is known", "[discovery]") {
  GroupBook book;
  book.Recall({std::make_shared<const TargetGroup>(Group("a", "1")),
               std::make_shared<const TargetGroup>(Group("b", "2")),
               std::make_shared<const TargetGroup>(Group("c", "3"))});
  CHECK_FALSE(book.told());
  CHECK(Text(book.Replace({Group("a", "1"), Group("d", "4")}, {{"b", "no answer"}})) ==
        "whole a=1 b=2 d=4");
  CHECK(Text(book.Replace({Group("a", "1")}, {{"d", "no answer"}})) == "b");
}

TEST_CASE("finding nothing at first is an update, too", "[discovery]") {
  GroupBook book;
  CHECK(Text(book.Replace({Group("a", "")})) == "whole");
  CHECK(book.told());
}

TEST_CASE("a group without targets is gone", "[discovery]") {
  GroupBook book;
  book.Replace({Group("a", "1")});
  CHECK(Text(book.Replace({Group("a", "", "label")})) == "a");
  CHECK(Text(book.Put(Group("a", ""))) == "nothing");
  CHECK(Text(book.Put(Group("a", "2"))) == "a=2");
  CHECK(Text(book.Put(Group("a", "2"))) == "nothing");
  CHECK(Text(book.Put(Group("a", ""))) == "a");
}

TEST_CASE("groups of which nothing is known stay as they were", "[discovery]") {
  GroupBook book;
  book.Replace({Group("a", "1"), Group("b", "2")});
  CHECK(Text(book.Replace({Group("b", "3")}, {{"a", "why"}, {"c", "why"}})) == "b=3");
  CHECK(Text(book.Replace({Group("b", "3")})) == "a");
}

TEST_CASE("updates one after the other give the same as the last set", "[discovery]") {
  const uint64_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  GroupBook book;
  std::map<std::string, TargetGroup> followed;
  for (int round = 0; round < 500; ++round) {
    TargetGroups groups;
    std::map<std::string, TargetGroup> wanted;
    for (const char* source : {"a", "b", "c", "d", "e"}) {
      if (random() % 3 == 0) continue;
      groups.push_back(Group(source, random() % 5 == 0 ? "" : std::to_string(random() % 3)));
      if (!groups.back().targets.empty()) wanted[source] = groups.back();
    }
    const auto update = book.Replace(std::move(groups));
    if (!update) {
      REQUIRE(followed == wanted);
      continue;
    }
    if (update->whole) followed.clear();
    for (const TargetGroupPtr& group : update->groups) {
      if (group->targets.empty()) {
        followed.erase(group->source);
      } else {
        followed[group->source] = *group;
      }
    }
    REQUIRE(followed == wanted);
  }
}

}  // namespace
}  // namespace sluice::scrape
