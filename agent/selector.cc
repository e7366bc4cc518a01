#include "agent/selector.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/utf8.h"

namespace sluice::agent {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kQuotes = "\"'`";

// Reads one selector. The first error sticks.
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : text_(text), rest_(text) {}

  Result<std::vector<Selector::Matcher>> Run() {
    if (Peek() != '{') AddName(TakeWord());
    if (Peek() == '{') TakeBraces();
    SkipBlanks();
    if (!rest_.empty()) Fail("unexpected text");
    const bool selects = std::any_of(matchers_.begin(), matchers_.end(),
                                     [](const auto& each) { return !each.Matches(""); });
    if (!selects) Fail("must contain at least one non-empty matcher");
    if (!error_.empty()) return InvalidInput(error_);
    return std::move(matchers_);
  }

 private:
  void Fail(const std::string& what) {
    if (!error_.empty()) return;
    const size_t place = text_.size() - rest_.size() + 1;
    error_ = what + " at position " + std::to_string(place) + " of " + QuoteText(text_);
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

  bool Take(std::string_view text) {
    SkipBlanks();
    if (!rest_.starts_with(text)) return false;
    rest_.remove_prefix(text.size());
    return true;
  }

  std::string TakeWord() {
    SkipBlanks();
    const size_t size = std::min(rest_.find_first_of(" \t\r\n{}=!~,\"'`"), rest_.size());
    std::string word(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return word;
  }

  void AddName(std::string name) {
    if (name.empty()) return Fail("expected a name or {");
    Add(std::string(relabel::kMetricName), Selector::Operator::kEqual, std::move(name));
  }

  void Add(std::string name, Selector::Operator op, std::string value) {
    if (!error_.empty()) return;
    Selector::Matcher matcher{.name = std::move(name), .op = op, .value = std::move(value)};
    if (op == Selector::Operator::kMatch || op == Selector::Operator::kNoMatch) {
      Result<Pattern> pattern = Pattern::Compile(matcher.value);
      if (!pattern.ok()) return Fail(pattern.error().message);
      matcher.pattern = std::move(*pattern);
    }
    matchers_.push_back(std::move(matcher));
  }

  void TakeBraces() {
    Take("{");
    while (error_.empty() && !Take("}")) {
      TakeMatcher();
      if (!Take(",") && Peek() != '}') Fail("expected , or }");
    }
  }

  void TakeMatcher() {
    const char first = Peek();
    const bool quoted = first != '\0' && kQuotes.find(first) != std::string_view::npos;
    std::string name = quoted ? TakeQuoted() : TakeWord();
    if (name.empty()) return Fail("expected a label name");
    if (quoted && (Peek() == ',' || Peek() == '}')) return AddName(std::move(name));
    if (Take("=~")) return Add(std::move(name), Selector::Operator::kMatch, TakeQuoted());
    if (Take("!~")) return Add(std::move(name), Selector::Operator::kNoMatch, TakeQuoted());
    if (Take("!=")) return Add(std::move(name), Selector::Operator::kNotEqual, TakeQuoted());
    if (Take("=")) return Add(std::move(name), Selector::Operator::kEqual, TakeQuoted());
    Fail("expected =, !=, =~ or !~");
  }

  std::string TakeQuoted() {
    const char quote = Peek();
    std::string out;
    if (quote == '\0' || kQuotes.find(quote) == std::string_view::npos) {
      Fail("expected a value in quotes");
      return out;
    }
    rest_.remove_prefix(1);
    while (error_.empty()) {
      if (rest_.empty()) {
        Fail("missing closing quote");
        break;
      }
      const char c = rest_[0];
      if (c == '\\' && quote != '`') {
        TakeEscape(out);
        continue;
      }
      rest_.remove_prefix(1);
      if (c == quote) break;
      out += c;
    }
    return out;
  }

  void TakeEscape(std::string& out) {
    constexpr std::string_view kLetters = "\\\"'nrt";
    constexpr std::string_view kMeanings = "\\\"'\n\r\t";
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
      return Fail("unknown escape");
    }
    out += static_cast<char>(byte);
    rest_.remove_prefix(4);
  }

  std::string_view text_;
  std::string_view rest_;
  std::vector<Selector::Matcher> matchers_;
  std::string error_;
};

}  // namespace

bool Selector::Matcher::Matches(std::string_view label_value) const {
  switch (op) {
    case Operator::kEqual:
      return label_value == value;
    case Operator::kNotEqual:
      return label_value != value;
    case Operator::kMatch:
      return pattern.Matches(label_value);
    case Operator::kNoMatch:
      return !pattern.Matches(label_value);
  }
  return false;
}

Result<Selector> Selector::Parse(std::string_view text) {
  Result<std::vector<Matcher>> matchers = SelectorParser(text).Run();
  if (!matchers.ok()) return matchers.error();
  Selector selector;
  selector.matchers_ = std::move(*matchers);
  return selector;
}

bool Selector::Matches(const relabel::Labels& labels) const {
  return std::all_of(matchers_.begin(), matchers_.end(), [&](const Matcher& matcher) {
    return matcher.Matches(labels.Get(matcher.name));
  });
}

}  // namespace sluice::agent
