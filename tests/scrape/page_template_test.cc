#include "scrape/page_template.h"

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "scrape/content_pool.h"
#include "scrape/key_digest.h"
#include "scrape/key_matcher.h"
#include "scrape/key_reader.h"

namespace sluice::scrape {
namespace {

struct KnownLine {
  std::string key;
  bool is_metadata = false;
};

using KnownLines = std::vector<KnownLine>;

LineMark MarkOf(const KnownLine& line, size_t number) {
  return line.is_metadata ? LineMark::Metadata() : LineMark::Slot(static_cast<uint32_t>(number));
}

PageTemplate TemplateOf(const KnownLines& lines) {
  PageTemplate page;
  for (size_t i = 0; i < lines.size(); ++i) {
    REQUIRE(page.Append(lines[i].key, MarkOf(lines[i], i)));
  }
  return page;
}

// What the template has of the key.
std::string TextOf(const std::string& key) {
  return key.size() <= kKeyBytesMax ? key : std::string(KeyDigest(key).text());
}

std::string Times(size_t count, std::string_view text) {
  std::string times;
  while (count-- > 0) times += text;
  return times;
}

// Has much in common with others, now and then more than can be said.
KnownLine RandomLine(std::mt19937& random) {
  if (random() % 5 == 0) return {"# HELP " + std::string(random() % 30, 'h'), true};
  const size_t most = random() % 40 == 0 ? kKeyBytesMax + 100 : random() % 10 == 0 ? 300 : 20;
  return {Times(random() % most, "a") + Times(random() % 3, "b") + Times(random() % most, "a") +
          (random() % 9 == 0 ? "\n" : "c") + Times(random() % 20, "d")};
}

TEST_CASE("the keys of a template are read in any order", "[page_template]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    KnownLines lines(random() % 300 + 1);
    for (KnownLine& line : lines) line = RandomLine(random);
    const PageTemplate page = TemplateOf(lines);
    KeyReader reader(page);
    size_t line = 0;
    for (int i = 0; i < 1000; ++i) {
      line = random() % 4 == 0 ? random() % lines.size() : (line + 1) % lines.size();
      REQUIRE(reader.At(line) == TextOf(lines[line].key));
      REQUIRE(reader.HasKey(line, lines[line].key));
      REQUIRE_FALSE(reader.HasKey(line, lines[line].key + "e"));
    }
  }
}

TEST_CASE("the place of any line follows from those before it", "[page_template]") {
  std::mt19937 random(1);
  KnownLines lines(200);
  for (KnownLine& line : lines) line = RandomLine(random);
  const PageTemplate page = TemplateOf(lines);
  PageTemplate::Place place;
  for (size_t line = 0; line <= page.size(); ++line) {
    CAPTURE(line);
    CHECK(page.PlaceOf(line).own == place.own);
    CHECK(page.PlaceOf(line).told == place.told);
    if (line < page.size()) place.Pass(page.lines()[line]);
  }
}

TEST_CASE("a template that follows others is as if it were the first", "[page_template]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  KnownLines lines;
  PageTemplate page;
  for (int round = 0; round < 300; ++round) {
    KeyReader reader(page);
    PageTemplate next;
    const size_t prefix = lines.empty() ? 0 : random() % lines.size();
    next.Follow(page, prefix);
    KnownLines next_lines(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(prefix));
    size_t kept = prefix;
    for (size_t i = random() % 100; i > 0; --i) {
      if (!lines.empty() && random() % 4 != 0) {
        // Mostly the next one.
        kept = random() % 8 == 0 ? random() % lines.size() : (kept + 1) % lines.size();
        REQUIRE(next.Keep(reader, kept, page.mark(kept)));
        next_lines.push_back(lines[kept]);
      } else {
        next_lines.push_back(RandomLine(random));
        REQUIRE(next.Append(next_lines.back().key, MarkOf(next_lines.back(), random() % 1000)));
      }
    }
    if (random() % 2 == 0) next.Finish(page, nullptr);
    lines = std::move(next_lines);
    page = std::move(next);
    REQUIRE(page.size() == lines.size());
    KeyReader keys(page);
    for (size_t i = 0; i < lines.size(); ++i) REQUIRE(keys.At(i) == TextOf(lines[i].key));
    PageTemplate fresh;
    for (size_t i = 0; i < lines.size(); ++i) REQUIRE(fresh.Append(lines[i].key, page.mark(i)));
    CHECK(page == fresh);
    CHECK(page.Hash() == fresh.Hash());
  }
}

TEST_CASE("a body is compared with keys as they are kept", "[page_template]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    KnownLines lines(random() % 100 + 1);
    std::string body;
    for (KnownLine& line : lines) {
      do line = RandomLine(random);
      while (line.key.size() > kKeyBytesMax);
      body += line.key + "=";
    }
    body.append(kKeyBytesBeyond, '\0');
    PageTemplate page = TemplateOf(lines);
    REQUIRE(page.Append(std::string(kKeyBytesBeyond, '\1'), LineMark::Slot(0)));
    KeyReader reader(page);
    const char* p = body.data();
    KeyReader::Position position = reader.PositionAt(0);
    for (size_t i = 0; i < lines.size(); ++i) {
      if (random() % 5 == 0) {
        // As where one piece of a body ends.
        reader.SetPosition(i, position);
        if (random() % 2 == 0) REQUIRE(reader.At(i) == lines[i].key);
        position = reader.PositionAt(i);
      }
      const PageTemplate::Line& line = page.lines()[i];
      const size_t size = lines[i].key.size();
      REQUIRE(line.key_size() == size);
      if (!line.mark.is_metadata()) {
        const auto is_key = [&](const char* text) {
          return HasKeyBytes(text, line, page.own().data() + position.place.own,
                             position.before.data(),
                             position.before.data() + position.before.size());
        };
        REQUIRE(is_key(p));
        std::string other(p, size + kKeyBytesBeyond);
        other[random() % size] ^= 1;
        REQUIRE_FALSE(is_key(other.data()));
        position.before = {p, size};
      }
      position.place.Pass(line);
      p += size + 1;
    }
  }
}

TEST_CASE("of keys that have most in common with those before them little is kept",
          "[page_template]") {
  KnownLines lines;
  for (int i = 0; i < 10'000; ++i) {
    lines.push_back({std::string(100, 'x') + std::to_string(i) + std::string(100, 'y')});
  }
  PageTemplate page = TemplateOf(lines);
  page.Finish({}, nullptr);
  CHECK(page.memory_bytes() < lines.size() * 24);
}

TEST_CASE("templates with the same metadata hold it once", "[page_template]") {
  ContentPool<ToldText> pool;
  const auto made = [&](const std::string& series, const std::string& help) {
    PageTemplate page = TemplateOf({{"# HELP a " + help, true}, {series}});
    page.Finish({}, &pool);
    return page;
  };
  const PageTemplate a = made("a", "Some text.");
  CHECK(made("b", "Some text.").told().data() == a.told().data());
  CHECK(made("a", "Another text.").told().data() != a.told().data());

  // One that comes of another has it without looking for it.
  KeyReader reader(a);
  PageTemplate next;
  next.Follow(a, 1);
  REQUIRE(next.Append("c", LineMark::Slot(1)));
  next.Finish(a, nullptr);
  CHECK(next.told().data() == a.told().data());
}

}  // namespace
}  // namespace sluice::scrape
