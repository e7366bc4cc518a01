// What like targets remember of their pages is in memory once.
#include <array>
#include <barrier>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "scrape/content_pool.h"
#include "scrape/page.h"

namespace sluice::scrape {
namespace {

SeriesRules RulesOf(const std::string& instance) {
  SeriesRules rules;
  rules.target_labels = {{"instance", instance}, {"job", "j"}};
  return rules;
}

class Target {
 public:
  Target(SeriesRules rules, LikePages* like) : page_(std::move(rules), {MakeReportChunk()}, like) {}

  Target(const std::string& instance, LikePages* like) : Target(RulesOf(instance), like) {}

  // Returns how many samples came.
  uint64_t Scrape(std::string_view body) {
    now_ms_ += 15'000;
    page_.Begin(now_ms_, now_ms_);
    REQUIRE(page_.Feed(body).ok());
    const auto result = page_.Succeed({});
    REQUIRE(result.ok());
    return result->counts.post_relabel;
  }

  std::shared_ptr<const PageTemplate> text() const { return page_.View().text; }

  const buffer::Chunk* first_chunk() const { return page_.layout()->chunks.front().get(); }

  size_t memory_bytes() const { return page_.memory_bytes(); }

 private:
  Page page_;
  TimestampMs now_ms_ = 1'000'000;
};

// The series of 0 up to `count`, but for one.
std::string Body(int count, int value, int missing = -1) {
  std::string body = "# TYPE a gauge\n";
  for (int i = 0; i < count; ++i) {
    if (i == missing) continue;
    body += "a{i=\"" + std::to_string(i) + "\"} " + std::to_string(value + i) + "\n";
  }
  return body;
}

TEST_CASE("like pages hold one text and one list of series", "[like_pages]") {
  LikePages like;
  Target a("a:1", &like);
  Target b("b:1", &like);
  Target other("c:1", &like);
  CHECK(a.Scrape(Body(100, 1)) == 100);
  const size_t alone = a.memory_bytes();
  CHECK(b.Scrape(Body(100, 7000)) == 100);
  CHECK(other.Scrape(Body(101, 1)) == 101);
  CHECK(a.text() == b.text());
  CHECK(a.first_chunk() == b.first_chunk());
  CHECK(other.text() != a.text());
  CHECK(a.memory_bytes() <= alone / 2 + 64);

  Target apart("d:1", nullptr);
  CHECK(apart.Scrape(Body(100, 1)) == 100);
  CHECK(apart.text() != a.text());
  CHECK(*apart.text() == *a.text());
}

TEST_CASE("a page that changes leaves those like it alone", "[like_pages]") {
  LikePages like;
  Target a("a:1", &like);
  Target b("b:1", &like);
  a.Scrape(Body(100, 1));
  b.Scrape(Body(100, 1));
  const auto text = a.text();
  CHECK(b.Scrape(Body(100, 2, 50)) == 99);
  CHECK(b.text()->size() == text->size() - 1);
  CHECK(a.Scrape(Body(100, 2)) == 100);
  CHECK(a.text() == text);
  // And is like them again when it has changed back, and stays so.
  for (uint32_t scrape = 0; scrape <= kCalmScrapes; ++scrape) CHECK(b.Scrape(Body(100, 3)) == 100);
  CHECK(b.text() == text);
  CHECK(a.first_chunk() == b.first_chunk());
}

TEST_CASE("pages with one text that is other series are told apart", "[like_pages]") {
  relabel::Rule drop;
  drop.action = relabel::Action::kDrop;
  drop.source_labels = {"i"};
  drop.regex = "5.";
  const auto program = relabel::Program::Compile({drop});
  REQUIRE(program.ok());
  SeriesRules rules = RulesOf("b:1");
  rules.metric_relabel = *program;
  LikePages like;
  Target a("a:1", &like);
  Target b(rules, &like);
  CHECK(a.Scrape(Body(100, 1)) == 100);
  CHECK(b.Scrape(Body(100, 1)) == 90);
  CHECK(a.text() != b.text());
  CHECK(b.text()->size() == a.text()->size());
  CHECK(a.Scrape(Body(100, 2)) == 100);
  CHECK(b.Scrape(Body(100, 2)) == 90);
}

struct Note {
  std::string text;
  bool collides = false;

  uint64_t Hash() const { return collides ? 7 : std::hash<std::string>()(text); }

  friend bool operator==(const Note& a, const Note& b) { return a.text == b.text; }
};

TEST_CASE("contents with the same hash do not mix", "[like_pages]") {
  ContentPool<Note> pool;
  const auto a = pool.Intern({"a", true});
  const auto b = pool.Intern({"b", true});
  CHECK(a->text == "a");
  CHECK(b->text == "b");
  CHECK(pool.Intern({"b", true}) == b);
  CHECK(pool.Intern({"a", true})->text == "a");
}

TEST_CASE("the pool forgets what nobody holds", "[like_pages]") {
  ContentPool<Note> pool;
  const auto held = pool.Intern({"held"});
  const std::weak_ptr<const Note> gone = pool.Intern({"gone"});
  CHECK(gone.expired());
  for (int i = 0; i < 10'000; ++i) pool.Intern({std::to_string(i)});
  CHECK(pool.size() <= 64);
  CHECK(pool.Intern({"held"}) == held);
}

TEST_CASE("threads that make the same share it", "[like_pages]") {
  constexpr int kContents = 500;
  ContentPool<Note> pool;
  std::array<std::vector<std::shared_ptr<const Note>>, 4> held;
  std::barrier at_once(static_cast<ptrdiff_t>(held.size()));
  {
    std::vector<std::jthread> threads;
    for (auto& mine : held) {
      threads.emplace_back([&pool, &at_once, &mine] {
        for (int i = 0; i < kContents; ++i) {
          at_once.arrive_and_wait();
          mine.push_back(pool.Intern({std::to_string(i)}));
        }
      });
    }
  }
  for (const auto& mine : held) CHECK(mine == held[0]);
  CHECK(pool.size() == kContents);
}

}  // namespace
}  // namespace sluice::scrape
