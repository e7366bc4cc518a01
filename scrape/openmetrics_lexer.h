// The tokens of OpenMetrics text, as Prometheus's own lexer tells them apart. What a byte means
// depends on what came before it, and a newline may be part of a name in quotes.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::scrape {

enum class OpenMetricsToken {
  kInvalid,
  kEnd,  // of the input
  kLineBreak,
  kHelp,
  kType,
  kUnit,
  kEofWord,
  kText,
  kExemplar,  // the mark and the opening brace of one
  kMetricName,
  kBraceOpen,
  kBraceClose,
  kLabelName,
  kQuotedName,
  kLabelValue,
  kComma,
  kEqual,
  kTimestamp,
  kValue,
};

// In the words of Prometheus's error messages.
std::string_view NameOf(OpenMetricsToken token);

// Over the text of one entry with its newline, if it has one. Borrows it. Thread-compatible.
class OpenMetricsLexer {
 public:
  using Token = OpenMetricsToken;

  enum class State {
    kStart,
    kComment,
    kFamilyName,
    kText,
    kLabels,
    kLabelValue,
    kValue,
    kTimestamp,
    kExemplar,
    kExemplarValue,  // of a label, or of the exemplar
    kExemplarTimestamp,
  };

  explicit OpenMetricsLexer(std::string_view text, State state = State::kStart)
      : text_(text), state_(state) {}

  Token Next();

  // The last token, and where it starts and ends. An invalid one ends at the byte that fits
  // nothing.
  std::string_view token() const { return text_.substr(start_, at_ - start_); }

  size_t start() const { return start_; }

  size_t end() const { return at_; }

  // The text from there to the end of the last token, and with the byte after it.
  std::string_view Read(size_t from) const { return text_.substr(from, at_ - from); }

  std::string_view Excerpt(size_t from) const { return text_.substr(from, at_ + 1 - from); }

 private:
  // 0 at the end, which no rule takes.
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void Advance();
  bool Take(std::string_view word);
  Token Enter(State state, Token token);
  template <class Fits>
  void TakeWhile(Fits fits);

  Token NextAtStart();
  Token NextOfComment();
  Token NextFamilyName();
  Token NextText();
  Token NextOfLabels(State value, State after_brace, bool may_hold_newline);
  Token NextLabelValue(State after);
  Token NextValue(State after, Token token);
  Token NextOfValue();
  Token NextTimestamp(bool may_have_exemplar);
  bool TakeQuoted(bool may_hold_newline);

  std::string_view text_;
  State state_;
  size_t start_ = 0;
  size_t at_ = 0;
};

// Finds the newline that ends an entry in bytes that arrive in pieces. Thread-compatible.
class OpenMetricsScanner {
 public:
  // Forgets what was scanned: the next byte starts an entry.
  void Reset() { *this = OpenMetricsScanner(); }

  // Continues with `bytes`; the offset of the newline that ends the entry, or npos. What it finds
  // in an ill-formed entry is some newline at or after the point where the parser gives up.
  size_t FindEnd(std::string_view bytes);

 private:
  enum class State : unsigned char {
    kStart,
    kHash,        // after '#'
    kKeyword,     // inside HELP, TYPE or UNIT
    kFamilyName,  // its first byte
    kName,        // of a sample, before the braces
    kBraces,
    kEqual,  // after one
    kQuotedName,
    kEscaped,  // in a quoted name
    kQuotedValue,
    kEscapedInValue,
    kRest,  // the newline ends the entry, whatever comes before it
  };

  State Next(char c);

  State state_ = State::kStart;
  State after_name_ = State::kRest;
  unsigned char keyword_size_ = 0;
};

}  // namespace sluice::scrape
