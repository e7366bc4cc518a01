#include "agent/label_set_text.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// Reads one label set from the front of a text. The first error sticks.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) {}

  Result<relabel::Labels> Run() {
    if (Peek() != '{') AddName(TakeWord());
    if (Peek() == '{') TakeBraces();
    SkipBlanks();
    if (!rest_.empty()) Fail("unexpected text");
    if (!error_.empty()) return InvalidInput(error_);
    return relabel::Labels::From(std::move(labels_));
  }

 private:
  void Fail(const std::string& what) {
    if (!error_.empty()) return;
    error_ = what + " at position " + std::to_string(text_.size() - rest_.size() + 1) + " of " +
             QuoteText(text_);
    rest_ = {};
  }

  void SkipBlanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kBlanks), rest_.size()));
  }

  // The next character that is no blank, or 0.
  char Peek() {
    SkipBlanks();
    return rest_.empty() ? '\0' : rest_[0];
  }

  bool Take(char c) {
    if (Peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void Add(std::string name, std::string value) {
    for (const relabel::Label& label : labels_) {
      if (label.name == name) Fail("label " + QuoteText(name) + " comes twice");
    }
    labels_.push_back({std::move(name), std::move(value)});
  }

  void AddName(std::string name) {
    if (name.empty()) Fail("expected a name or {");
    Add(std::string(relabel::kMetricName), std::move(name));
  }

  std::string TakeWord() {
    SkipBlanks();
    const size_t size = std::min(rest_.find_first_of(" \t\r\n{}=,\""), rest_.size());
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return word;
  }

  void TakeBraces() {
    Take('{');
    while (error_.empty() && !Take('}')) {
      const bool quoted = Peek() == '"';
      std::string name = quoted ? TakeQuoted() : TakeWord();
      if (name.empty()) Fail("expected a label name");
      if (quoted && Peek() != '=') {
        AddName(std::move(name));
      } else {
        if (!Take('=')) Fail("expected =");
        Add(std::move(name), TakeQuoted());
      }
      if (!Take(',') && Peek() != '}') Fail("expected , or }");
    }
  }

  std::string TakeQuoted() {
    std::string out;
    if (!Take('"')) Fail("expected a value in double quotes");
    while (error_.empty()) {
      if (rest_.empty()) {
        Fail("missing closing quote");
        break;
      }
      const char c = rest_[0];
      if (c == '\\') {
        TakeEscape(out);
        continue;
      }
      rest_.remove_prefix(1);
      if (c == '"') break;
      out += c;
    }
    return out;
  }

  void TakeEscape(std::string& out) {
    constexpr std::string_view kLetters = "\\\"nt";
    constexpr std::string_view kMeanings = "\\\"\n\t";
    const size_t found = rest_.size() > 1 ? kLetters.find(rest_[1]) : std::string_view::npos;
    if (found != std::string_view::npos) {
      out += kMeanings[found];
      rest_.remove_prefix(2);
      return;
    }
    unsigned int byte = 0;
    const std::string_view digits = rest_.substr(std::min<size_t>(2, rest_.size()), 2);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (rest_.substr(0, 2) != "\\x" || digits.size() != 2 || parsed.ptr != digits.data() + 2) {
      Fail("unknown escape");
      return;
    }
    out += static_cast<char>(byte);
    rest_.remove_prefix(4);
  }

  std::string_view text_;
  std::string_view rest_;
  std::vector<relabel::Label> labels_;
  std::string error_;
};

}  // namespace

Result<relabel::Labels> ParseLabelSet(std::string_view text) { return Parser(text).Run(); }

}  // namespace sluice::agent
