#include "scrape/openmetrics_lexer.h"

namespace sluice::scrape {
namespace {

using Token = OpenMetricsToken;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsLabelStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool IsLabelPart(char c) { return IsLabelStart(c) || IsDigit(c); }

bool IsNameStart(char c) { return IsLabelStart(c) || c == ':'; }

bool IsNamePart(char c) { return IsNameStart(c) || IsDigit(c); }

bool IsValuePart(char c) { return c != ' ' && c != '\n' && c != '\0'; }

}  // namespace

std::string_view NameOf(Token token) {
  switch (token) {
    case Token::kInvalid:
      return "INVALID";
    case Token::kEnd:
      return "EOF";
    case Token::kLineBreak:
      return "LINEBREAK";
    case Token::kHelp:
      return "HELP";
    case Token::kType:
      return "TYPE";
    case Token::kUnit:
      return "UNIT";
    case Token::kEofWord:
      return "EOFWORD";
    case Token::kText:
      return "TEXT";
    case Token::kExemplar:
      return "COMMENT";
    case Token::kMetricName:
      return "MNAME";
    case Token::kBraceOpen:
      return "BOPEN";
    case Token::kBraceClose:
      return "BCLOSE";
    case Token::kLabelName:
      return "LNAME";
    case Token::kQuotedName:
      return "QSTRING";
    case Token::kLabelValue:
      return "LVALUE";
    case Token::kComma:
      return "COMMA";
    case Token::kEqual:
      return "EQUAL";
    case Token::kTimestamp:
      return "TIMESTAMP";
    case Token::kValue:
      return "VALUE";
  }
  return {};
}

Token OpenMetricsLexer::Next() {
  if (at_ >= text_.size()) return Token::kEnd;
  start_ = at_;
  switch (state_) {
    case State::kStart:
      return NextAtStart();
    case State::kComment:
      return NextOfComment();
    case State::kFamilyName:
      return NextFamilyName();
    case State::kText:
      return NextText();
    case State::kLabels:
      return NextOfLabels(State::kLabelValue, State::kValue, true);
    case State::kLabelValue:
      return NextLabelValue(State::kLabels);
    case State::kValue:
      return NextOfValue();
    case State::kTimestamp:
      return NextTimestamp(true);
    case State::kExemplar:
      return NextOfLabels(State::kExemplarValue, State::kExemplarValue, false);
    case State::kExemplarValue:
      if (Peek() == '"') return NextLabelValue(State::kExemplar);
      return NextValue(State::kExemplarTimestamp, Token::kValue);
    case State::kExemplarTimestamp:
      return NextTimestamp(false);
  }
  return Token::kInvalid;
}

// NUL bytes are passed over in label values, in texts and after the hash; elsewhere they fit
// nothing.
void OpenMetricsLexer::Advance() {
  ++at_;
  const bool skips =
      state_ == State::kLabelValue || state_ == State::kText || state_ == State::kComment;
  while (skips && at_ < text_.size() && text_[at_] == '\0') ++at_;
}

// Stops at the first byte that differs.
bool OpenMetricsLexer::Take(std::string_view word) {
  for (const char c : word) {
    if (Peek() != c) return false;
    Advance();
  }
  return true;
}

Token OpenMetricsLexer::Enter(State state, Token token) {
  state_ = state;
  return token;
}

template <class Fits>
void OpenMetricsLexer::TakeWhile(Fits fits) {
  while (at_ < text_.size() && fits(text_[at_])) ++at_;
}

Token OpenMetricsLexer::NextAtStart() {
  const char first = Peek();
  if (first == '#') {
    if (!Take("# ")) return Token::kInvalid;
    state_ = State::kComment;
    return NextOfComment();
  }
  if (first == '{') {
    Advance();
    return Enter(State::kLabels, Token::kBraceOpen);
  }
  if (!IsNameStart(first)) return Token::kInvalid;
  TakeWhile(IsNamePart);
  return Enter(State::kValue, Token::kMetricName);
}

Token OpenMetricsLexer::NextOfComment() {
  switch (Peek()) {
    case 'E':
      if (!Take("EOF")) return Token::kInvalid;
      if (Peek() == '\n') Advance();
      return Enter(State::kStart, Token::kEofWord);
    case 'H':
      return Take("HELP ") ? Enter(State::kFamilyName, Token::kHelp) : Token::kInvalid;
    case 'T':
      return Take("TYPE ") ? Enter(State::kFamilyName, Token::kType) : Token::kInvalid;
    case 'U':
      return Take("UNIT ") ? Enter(State::kFamilyName, Token::kUnit) : Token::kInvalid;
    default:
      return Token::kInvalid;
  }
}

Token OpenMetricsLexer::NextFamilyName() {
  if (Peek() == '"') {
    if (!TakeQuoted(true)) return Token::kInvalid;
    return Enter(State::kText, Token::kMetricName);
  }
  if (!IsNameStart(Peek())) return Token::kInvalid;
  TakeWhile(IsNamePart);
  return Enter(State::kText, Token::kMetricName);
}

Token OpenMetricsLexer::NextText() {
  if (Peek() != ' ') return Token::kInvalid;
  TakeWhile([](char c) { return c != '\n'; });
  if (at_ >= text_.size()) return Token::kInvalid;
  Advance();
  return Enter(State::kStart, Token::kText);
}

Token OpenMetricsLexer::NextOfLabels(State value, State after_brace, bool may_hold_newline) {
  switch (Peek()) {
    case '"':
      return TakeQuoted(may_hold_newline) ? Token::kQuotedName : Token::kInvalid;
    case ',':
      Advance();
      return Token::kComma;
    case '=':
      Advance();
      return Enter(value, Token::kEqual);
    case '}':
      Advance();
      return Enter(after_brace, Token::kBraceClose);
    default:
      if (!IsLabelStart(Peek())) return Token::kInvalid;
      TakeWhile(IsLabelPart);
      return Token::kLabelName;
  }
}

Token OpenMetricsLexer::NextLabelValue(State after) {
  if (Peek() != '"' || !TakeQuoted(false)) return Token::kInvalid;
  return Enter(after, Token::kLabelValue);
}

Token OpenMetricsLexer::NextOfValue() {
  if (Peek() != '{') return NextValue(State::kTimestamp, Token::kValue);
  Advance();
  return Enter(State::kLabels, Token::kBraceOpen);
}

// A blank and what follows it.
Token OpenMetricsLexer::NextValue(State after, Token token) {
  if (Peek() != ' ') return Token::kInvalid;
  Advance();
  if (!IsValuePart(Peek())) return Token::kInvalid;
  TakeWhile(IsValuePart);
  return Enter(after, token);
}

Token OpenMetricsLexer::NextTimestamp(bool may_have_exemplar) {
  if (Peek() == '\n') {
    Advance();
    return Enter(State::kStart, Token::kLineBreak);
  }
  if (may_have_exemplar && text_.substr(at_).starts_with(" # ")) {
    return Take(" # {") ? Enter(State::kExemplar, Token::kExemplar) : Token::kInvalid;
  }
  return NextValue(state_, Token::kTimestamp);
}

// From quote to quote; no newline behind a backslash.
bool OpenMetricsLexer::TakeQuoted(bool may_hold_newline) {
  Advance();
  while (Peek() != '"') {
    const bool escapes = Peek() == '\\';
    if (escapes) Advance();
    const char c = Peek();
    if (c == '\0' || (c == '\n' && (escapes || !may_hold_newline))) return false;
    Advance();
  }
  Advance();
  return true;
}

size_t OpenMetricsScanner::FindEnd(std::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    if (state_ == State::kRest) {
      const size_t newline = bytes.find('\n', i);
      if (newline != std::string_view::npos) Reset();
      return newline;
    }
    const char c = bytes[i];
    if (c == '\n' && state_ != State::kQuotedName) {
      Reset();
      return i;
    }
    state_ = Next(c);
    ++i;
  }
  return std::string_view::npos;
}

OpenMetricsScanner::State OpenMetricsScanner::Next(char c) {
  constexpr unsigned char kKeywordSize = 4;  // HELP, TYPE, UNIT
  switch (state_) {
    case State::kStart:
      if (c == '#') return State::kHash;
      if (c == '{') {
        after_name_ = State::kBraces;
        return State::kBraces;
      }
      return IsNameStart(c) ? State::kName : State::kRest;
    case State::kHash:
      return c == ' ' ? State::kKeyword : State::kRest;
    case State::kKeyword:
      if (keyword_size_ == kKeywordSize) return c == ' ' ? State::kFamilyName : State::kRest;
      if (c == '\0') return State::kKeyword;
      ++keyword_size_;
      return c >= 'A' && c <= 'Z' ? State::kKeyword : State::kRest;
    case State::kFamilyName:
      if (c == '\0') return State::kFamilyName;
      return c == '"' ? State::kQuotedName : State::kRest;
    case State::kName:
      if (c == '{') {
        after_name_ = State::kBraces;
        return State::kBraces;
      }
      return IsNamePart(c) ? State::kName : State::kRest;
    case State::kBraces:
      if (c == '"') return State::kQuotedName;
      if (c == '=') return State::kEqual;
      return c == '}' ? State::kRest : State::kBraces;
    case State::kEqual:
      return c == '"' ? State::kQuotedValue : State::kRest;
    case State::kQuotedName:
      if (c == '\\') return State::kEscaped;
      return c == '"' ? after_name_ : State::kQuotedName;
    case State::kEscaped:
      return State::kQuotedName;
    case State::kQuotedValue:
      if (c == '\\') return State::kEscapedInValue;
      return c == '"' ? State::kBraces : State::kQuotedValue;
    case State::kEscapedInValue:
      return State::kQuotedValue;
    case State::kRest:
      return State::kRest;
  }
  return State::kRest;
}

}  // namespace sluice::scrape
