#include "scrape/page_template.h"

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

namespace sluice::scrape {
namespace {

PageTemplate TemplateOf(const std::vector<std::string>& lines) {
  PageTemplate page;
  for (uint32_t i = 0; i < lines.size(); ++i) REQUIRE(page.Append(lines[i], LineMark::Slot(i)));
  return page;
}

TEST_CASE("a template that follows others has its own lines, and settles as if it were the first",
          "[page_template]") {
  const uint32_t seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::vector<std::string> lines;
  PageTemplate page;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> next_lines;
    PageTemplate next;
    const size_t prefix = lines.empty() ? 0 : random() % lines.size();
    next.Follow(page, prefix);
    next_lines.assign(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(prefix));
    for (size_t i = random() % 40; i > 0; --i) {
      if (!lines.empty() && random() % 3 != 0) {
        const size_t line = random() % lines.size();
        REQUIRE(next.Keep(page, line, page.mark(line)));
        next_lines.push_back(lines[line]);
      } else {
        next_lines.push_back(std::string(random() % 30, 'x') + (random() % 9 == 0 ? "\n" : "y"));
        REQUIRE(next.Append(next_lines.back(), LineMark::Metadata()));
      }
    }
    if (random() % 3 == 0) next.Settle();
    lines = std::move(next_lines);
    page = std::move(next);
    REQUIRE(page.size() == lines.size());
    for (size_t i = 0; i < lines.size(); ++i) REQUIRE(page.text(i) == lines[i]);
    PageTemplate settled = page;
    settled.Settle();
    CHECK(settled.loose_bytes() == 0);
    PageTemplate fresh;
    for (size_t i = 0; i < lines.size(); ++i) REQUIRE(fresh.Append(lines[i], page.mark(i)));
    fresh.Settle();
    CHECK(settled == fresh);
    CHECK(settled.Hash() == fresh.Hash());
  }
}

TEST_CASE("a template that follows another one adds only what is new to memory",
          "[page_template]") {
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) lines.push_back(std::string(100, 'x') + std::to_string(i));
  PageTemplate page = TemplateOf(lines);
  page.Settle();
  const size_t alone = page.memory_bytes();
  PageTemplate next;
  next.Follow(page, 999);
  REQUIRE(next.Append("new", LineMark::Slot(1000)));
  // Half of the text each, for now.
  CHECK(next.memory_bytes() < alone / 2 + 1100 * sizeof(PageTemplate::Line));
  CHECK(next.loose_bytes() < 200);
}

}  // namespace
}  // namespace sluice::scrape
