// What is made of the classic histograms of a page must be what a naive model makes of them: random
// pages, mutated from scrape to scrape and cut anywhere.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "page_target.h"

namespace sluice::scrape {
namespace {

using Lines = std::vector<std::string>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr auto kText = PageFormat::kPrometheusText;
constexpr auto kOpenMetrics = PageFormat::kOpenMetrics;

// A line of a page before it is text.
struct Line {
  enum class Kind { kType, kHelp, kComment, kBlank, kSample };

  Kind kind = Kind::kSample;
  std::string name;  // of the family
  std::string type;
  std::string suffix;
  std::map<std::string, std::string> labels;
  bool is_reversed = false;  // labels from last to first
  std::string value;

  std::string Series() const {
    std::string text = "{__name__=\"" + name + suffix + "\"";
    for (const auto& [label, of] : labels) {
      const bool is_respelled = label == "le" && of == "1" && under_histogram;
      text += ", " + label + "=\"" + (is_respelled ? "1.0" : of) + "\"";
    }
    return text + "}";
  }

  std::string Text() const {
    switch (kind) {
      case Kind::kType:
        return "# TYPE " + name + " " + type;
      case Kind::kHelp:
        return "# HELP " + name + " help";
      case Kind::kComment:
        return "# " + name;
      case Kind::kBlank:
        return "";
      case Kind::kSample:
        break;
    }
    Lines written;
    for (const auto& [label, of] : labels) written.push_back(label + "=\"" + of + "\"");
    if (is_reversed) std::reverse(written.begin(), written.end());
    std::string text;
    for (const std::string& one : written) text += (text.empty() ? "" : ",") + one;
    return name + suffix + "{" + text + "} " + value;
  }

  bool under_histogram = false;  // by the TYPE above it
};

class RandomPage {
 public:
  RandomPage(uint32_t seed, PageFormat format) : format_(format), random_(seed) {
    for (size_t i = Below(30); i > 0; --i) lines_.push_back(RandomLine());
  }

  void Mutate() {
    for (size_t i = Below(4); i > 0; --i) {
      if (lines_.empty() || Below(2) == 0) {
        const auto at = static_cast<ptrdiff_t>(Below(lines_.size() + 1));
        lines_.insert(lines_.begin() + at, RandomLine());
      } else {
        lines_.erase(lines_.begin() + static_cast<ptrdiff_t>(Below(lines_.size())));
      }
    }
    if (Below(10) == 0) std::shuffle(lines_.begin(), lines_.end(), random_);
    for (Line& line : lines_) {
      if (Below(10) == 0) line.value = RandomValue();
    }
  }

  const std::vector<Line>& lines() const { return lines_; }

  std::string Text() const {
    std::string text;
    for (const Line& line : lines_) text += line.Text() + "\n";
    return format_ == kOpenMetrics ? text + "# EOF\n" : text;
  }

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

 private:
  std::string RandomValue() {
    static const Lines kValues = {"0", "1", "1", "2", "2", "3", "5", "1.5", "-1", "NaN", "+Inf"};
    return kValues[Below(kValues.size())];
  }

  Line RandomLine() {
    static const Lines kNames = {"a", "a", "a", "b"};
    static const Lines kTypes = {"histogram", "histogram", "histogram", "gauge"};
    static const Lines kSuffixes = {"_bucket", "_bucket", "_bucket", "_sum", "_count", "", "_x"};
    static const Lines kBounds = {"0.5", "1", "+Inf", "2.0", "NaN", "x"};
    Line line;
    line.name = kNames[Below(kNames.size())];
    const size_t kind = Below(20);
    if (kind < 3) {
      line.kind = Line::Kind::kType;
      line.type = kTypes[Below(kTypes.size())];
      return line;
    }
    if (kind == 3) {
      const bool is_text = format_ == kText && Below(2) == 0;
      line.kind = is_text ? Line::Kind::kComment : Line::Kind::kHelp;
      return line;
    }
    if (kind == 4 && format_ == kText) {
      line.kind = Line::Kind::kBlank;
      return line;
    }
    line.suffix = kSuffixes[Below(kSuffixes.size())];
    if (Below(3) == 0) line.labels["x"] = std::to_string(Below(2));
    if (line.suffix == "_bucket" && Below(9) != 0) line.labels["le"] = kBounds[Below(6)];
    line.is_reversed = Below(2) == 0;
    line.value = RandomValue();
    return line;
  }

  PageFormat format_;
  std::mt19937 random_;
  std::vector<Line> lines_;
};

std::string Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::ostringstream text;
  text << value;
  return text.str();
}

// One histogram by brute force.
struct NaiveHistogram {
  std::string series;
  std::map<double, double> buckets;
  std::optional<double> count;
  double sum = 0;
  bool is_bad = false;

  void Add(const Line& line) {
    const double value = std::strtod(line.value.c_str(), nullptr);
    if (line.suffix == "_sum") {
      sum = value;
    } else if (value < 0) {
      is_bad = true;
    } else if (line.suffix == "_count") {
      count = value;
    } else {
      buckets.emplace(std::strtod(line.labels.at("le").c_str(), nullptr), value);
    }
  }

  // As proto::HistogramText(), or nothing.
  std::optional<std::string> Text() {
    if (is_bad || (!count.has_value() && buckets.empty())) return std::nullopt;
    const double total = count.has_value() ? *count : buckets.rbegin()->second;
    buckets.emplace(kInfinity, total);
    if (!(buckets.rbegin()->second == total)) return std::nullopt;
    std::string text = "{schema:-53, count:" + Number(total) + ", sum:" + Number(sum);
    double below = 0;
    double lower = -kInfinity;
    for (const auto& [bound, here] : buckets) {
      if (here < below) return std::nullopt;
      const std::string range = ", (" + Number(lower) + "," + Number(bound) + "]:";
      if (!(here - below == 0)) text += range + Number(here - below);
      below = here;
      lower = bound;
    }
    return text + "}";
  }
};

struct Naive {
  std::map<std::string, std::string> samples;  // text by series; the first of a series counts
  uint64_t scraped = 0;
  uint64_t malformed = 0;
};

Naive ConvertNaively(const std::vector<Line>& lines, bool always_classic) {
  Naive naive;
  std::string family;
  bool is_histogram = false;
  std::optional<NaiveHistogram> current;
  const auto give = [&](const std::string& series, const std::string& text) {
    ++naive.scraped;
    naive.samples.emplace(series, text);
  };
  const auto end = [&] {
    if (!current.has_value()) return;
    const auto text = current->Text();
    if (text.has_value()) give(current->series, *text);
    if (!text.has_value()) ++naive.malformed;
    current.reset();
  };
  for (Line line : lines) {
    if (line.kind == Line::Kind::kBlank) continue;
    if (line.kind == Line::Kind::kType) {
      family = line.name;
      is_histogram = line.type == "histogram";
    }
    if (line.kind != Line::Kind::kSample) {
      end();
      continue;
    }
    line.under_histogram = is_histogram;
    const bool is_part =
        line.suffix == "_sum" || line.suffix == "_count" || line.suffix == "_bucket";
    Line base = line;
    base.labels.erase("le");
    base.suffix = is_part ? "" : line.suffix;
    if (current.has_value() && current->series != base.Series()) end();
    const auto bound = line.labels.find("le");
    const bool is_number =
        bound != line.labels.end() && bound->second != "NaN" && bound->second != "x";
    const bool is_taken =
        is_histogram && is_part && line.name == family && (line.suffix != "_bucket" || is_number);
    if (is_taken && !current.has_value()) current.emplace().series = base.Series();
    if (is_taken) current->Add(line);
    if (!is_taken || always_classic) {
      give(line.Series(), Catch::Detail::stringify(std::strtod(line.value.c_str(), nullptr)));
    }
  }
  end();
  return naive;
}

uint32_t Seed() {
  const char* const given = std::getenv("SLUICE_TEST_SEED");
  return given != nullptr ? static_cast<uint32_t>(std::strtoul(given, nullptr, 10))
                          : std::random_device()();
}

// Whatever a page had in the scrapes before, and however it is cut.
void CheckAgainstNaive(PageFormat format) {
  const uint32_t seed = Seed();
  for (uint32_t round = 0; round < 400; ++round) {
    CAPTURE(seed, round);
    RandomPage random(seed + round, format);
    const bool always_classic = random.Below(2) == 0;
    SeriesRules rules;
    rules.histograms.to_custom_buckets = true;
    rules.histograms.always_classic = always_classic;
    test::PageTarget target(rules);
    std::set<std::string> tracked;
    for (int scrape = 0; scrape < 8; ++scrape) {
      random.Mutate();
      const std::string body = random.Text();
      CAPTURE(scrape, always_classic, body);
      const Naive naive = ConvertNaively(random.lines(), always_classic);
      Lines expected;
      for (const auto& [series, text] : naive.samples) {
        expected.push_back(series + " " + text + " @0");
        tracked.erase(series);
      }
      for (const std::string& series : tracked) expected.push_back(series + " stale @0");
      std::sort(expected.begin(), expected.end());
      REQUIRE(target.Scrape(format, body, random.Below(60) + 1) == expected);
      REQUIRE(target.error().empty());
      REQUIRE(target.counts().scraped == naive.scraped);
      REQUIRE(target.counts().duplicate == naive.scraped - naive.samples.size());
      REQUIRE(target.counts().malformed_histograms == naive.malformed);
      tracked.clear();
      for (const auto& [series, text] : naive.samples) tracked.insert(series);
    }
  }
}

TEST_CASE("a text page is converted as a naive model converts it", "[converting_page]") {
  CheckAgainstNaive(kText);
}

TEST_CASE("an OpenMetrics page is converted as a naive model converts it", "[converting_page]") {
  CheckAgainstNaive(kOpenMetrics);
}

}  // namespace
}  // namespace sluice::scrape
