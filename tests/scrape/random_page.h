// Pages that change from scrape to scrape, wildly or as pages do.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "scrape/page.h"

namespace sluice::scrape::test {

// A page as lines, so that it can be changed like one.
class RandomPage {
 public:
  RandomPage(uint32_t seed, PageFormat format) : format_(format), random_(seed) {
    const size_t families = Below(12);
    for (size_t i = 0; i < families; ++i) AddFamily();
    is_gentle_ = Below(2) == 0;
  }

  void Mutate() {
    const size_t changes = Below(4);
    for (size_t i = 0; i < changes; ++i) {
      if (is_gentle_ && !lines_.empty() && Below(20) != 0) {
        MutateGently();
      } else {
        MutateOnce();
      }
    }
  }

  std::string Text() {
    std::string text;
    for (const std::string& line : lines_) {
      text += line;
      if (!line.starts_with('#')) text += is_open_metrics() ? OpenMetricsRest() : TextRest();
      text += '\n';
    }
    AddEnd(text);
    return text;
  }

  PageFormat format() const { return format_; }

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

 private:
  bool is_open_metrics() const { return format_ == PageFormat::kOpenMetrics; }

  std::string TextRest() {
    std::string rest = Value();
    if (with_timestamps_ && Below(3) == 0) rest += ' ' + std::to_string(900'000 + Below(200'000));
    if (Below(50) == 0) rest += ' ';
    return rest;
  }

  std::string OpenMetricsRest() {
    static const std::vector<std::string> kLabels = {"t=\"a\"", "t=\"b\",", "", "x=\"} # {\""};
    std::string rest = Value();
    if (with_timestamps_ && Below(3) == 0) rest += " " + Seconds();
    if (Below(4) != 0) return rest;
    rest += " # {" + kLabels[Below(kLabels.size())] + "} " + std::to_string(Below(3));
    return Below(3) == 0 ? rest + " " + Seconds() : rest;
  }

  std::string Seconds() {
    return std::to_string(900 + Below(200)) + "." + std::to_string(100 + Below(900));
  }

  void AddEnd(std::string& text) {
    if (is_open_metrics()) {
      if (Below(20) == 0) text += "broken{\n";
      if (Below(20) != 0) text += Below(3) == 0 ? "# EOF" : "# EOF\n";
      if (Below(30) == 0) text += "\n";
      return;
    }
    if (Below(5) == 0 && !text.empty()) text.pop_back();
    if (Below(12) == 0) text += Below(2) == 0 ? "\nbroken{ 1\n" : "\nbroken{x=\"";
  }

  std::string Value() {
    static const std::vector<std::string> kValues = {
        "0", "1", "-1.5", "NaN", "+Inf", "1e300", "0.1", "3e-10", "+7", "inf", "12345678"};
    return kValues[Below(kValues.size())];
  }

  static std::string NameOf(size_t number) {
    return "m" + std::to_string(number) + (number % 3 == 0 ? "_s" : "");
  }

  // That of the family that a line is of.
  static std::string NameIn(const std::string& line) {
    return NameOf(std::strtoul(line.c_str() + line.find('m') + 1, nullptr, 10));
  }

  std::string Name() { return NameOf(Below(15)); }

  std::string Metadata(const std::string& name, size_t kind) {
    static const std::vector<std::string> kTypes = {"counter", "gauge", "histogram", "summary"};
    static const std::vector<std::string> kMoreTypes = {"unknown", "info", "gaugehistogram",
                                                        "histogram"};
    if (kind == 0) return "# HELP " + name + " help " + std::to_string(Below(3));
    if (kind == 2) return "# UNIT " + name + (name.ends_with("_s") ? " s" : " ");
    const auto& types = is_open_metrics() && Below(2) == 0 ? kMoreTypes : kTypes;
    return "# TYPE " + name + " " + types[Below(types.size())];
  }

  std::string SomeMetadata(const std::string& name) {
    return Metadata(name, Below(is_open_metrics() ? 3 : 2));
  }

  void AddFamily() {
    const std::string name = Name();
    std::vector<std::string> block;
    if (Below(3) != 0) block.push_back(Metadata(name, 0));
    if (Below(3) != 0) block.push_back(Metadata(name, 1));
    if (is_open_metrics() && Below(3) == 0) block.push_back(Metadata(name, 2));
    const size_t count = Below(60);
    for (size_t i = 0; i < count; ++i) block.push_back(Sample(name));
    const auto at = static_cast<ptrdiff_t>(Below(lines_.size() + 1));
    lines_.insert(lines_.begin() + at, block.begin(), block.end());
  }

  std::string Sample(const std::string& name) {
    static const std::vector<std::string> kLabels = {
        "a=\"x\"",   "le=\"1\"",  "le=\"+Inf\"", "quantile=\"0.50\"", "job=\"mine\"",
        "drop=\"\"", "n=\"\\n\"", "q=\"\n\"",    "drop=\"yes\"",      "\"u t\"=\"f\""};
    static const std::vector<std::string> kSuffixes = {"", "", "_bucket", "_total", "_sum"};
    const std::string metric = name + kSuffixes[Below(kSuffixes.size())];
    std::string line = Below(8) == 0 ? "{\"" + metric + "\"," : metric + "{";
    line += "i=\"" + std::to_string(Below(40)) + "\"";
    if (Below(2) == 0) line += "," + kLabels[Below(kLabels.size())];
    if (is_open_metrics()) return line + "} ";
    if (Below(20) == 0) line += ",r=\"\n\"";
    return line + (Below(30) == 0 ? "}" : "} ");
  }

  std::vector<std::string>::iterator Somewhere() {
    return lines_.begin() + static_cast<ptrdiff_t>(Below(lines_.size()));
  }

  // As a page changes while its process runs: series come and go, and now and then metadata.
  void MutateGently() {
    const auto at = Somewhere();
    const auto is_told = [](const std::string& line) { return line.starts_with('#'); };
    const auto told = std::find_if(at, lines_.end(), is_told);
    const bool has_told = told != lines_.end();
    const auto rest = static_cast<size_t>(lines_.end() - at);
    const size_t change = Below(12);
    if (change == 0) lines_.insert(at, SomeMetadata(Below(2) == 0 ? Name() : NameIn(*at)));
    if (change == 1 && has_told) *told = SomeMetadata(Below(2) == 0 ? Name() : NameIn(*told));
    if (change == 2 && has_told) lines_.erase(told);
    if (change == 3 && has_told) std::rotate(at, told, told + 1);
    if (change == 4) lines_.insert(at, std::string(*Somewhere()));
    if (change == 5) lines_.insert(at, Sample(NameIn(*at)));
    if (change == 6) lines_.erase(at, at + static_cast<ptrdiff_t>(std::min(rest, Below(9) + 1)));
    if (change > 6 && !is_told(*at)) *at = Sample(NameIn(*at));
  }

  void MutateOnce() {
    if (lines_.empty()) {
      AddFamily();
      return;
    }
    const auto at = Somewhere();
    switch (Below(9)) {
      case 0:
        lines_.erase(at);
        break;
      case 1:
        lines_.insert(at, Sample(Name()));
        break;
      case 2:
        std::shuffle(lines_.begin(), lines_.end(), random_);
        break;
      case 3:
        std::iter_swap(at, lines_.begin());
        break;
      case 4:
        AddFamily();
        break;
      case 5:
        lines_.erase(at, lines_.end());
        break;
      case 6:
        std::rotate(lines_.begin(), at, lines_.end());
        break;
      case 7:
        lines_.insert(at, std::string(*at));
        break;
      default:
        with_timestamps_ = Below(2) == 0;
        break;
    }
  }

  PageFormat format_;
  std::mt19937 random_;
  std::vector<std::string> lines_;
  bool with_timestamps_ = false;
  bool is_gentle_ = false;
};

}  // namespace sluice::scrape::test
