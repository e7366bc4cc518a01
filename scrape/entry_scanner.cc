#include "scrape/entry_scanner.h"

namespace sluice::scrape {
namespace {

constexpr std::string_view kHelpWord = "HELP";
constexpr std::string_view kTypeWord = "TYPE";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// From `i` on, to the next of these bytes.
template <char... kStops>
size_t SkipTo(std::string_view bytes, size_t i) {
  while (i < bytes.size() && ((bytes[i] != kStops) && ...)) ++i;
  return i;
}

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':';
}

}  // namespace

size_t EntryScanner::FindEnd(std::string_view bytes) {
  size_t i = 0;
  while (i < bytes.size()) {
    if (state_ == State::kRest) {
      const size_t newline = bytes.find('\n', i);
      if (newline != std::string_view::npos) Reset();
      return newline;
    }
    i = SkipPlain(bytes, i);
    if (i == bytes.size()) break;
    const char c = bytes[i];
    const bool ends = c == '\n' && state_ != State::kQuoted && state_ != State::kEscaped;
    if (ends) {
      Reset();
      return i;
    }
    state_ = Next(c);
    ++i;
  }
  return std::string_view::npos;
}

// Past bytes that leave the state as it is.
size_t EntryScanner::SkipPlain(std::string_view bytes, size_t i) const {
  switch (state_) {
    case State::kName:
      return SkipTo<'{', '\n'>(bytes, i);
    case State::kBraces:
      return SkipTo<'"', '}', '\n'>(bytes, i);
    case State::kQuoted:
      return SkipTo<'"', '\\'>(bytes, i);
    default:
      return i;
  }
}

EntryScanner::State EntryScanner::Next(char c) {
  switch (state_) {
    case State::kQuoted:
      if (c == '\\') return State::kEscaped;
      return c == '"' ? after_quote_ : State::kQuoted;
    case State::kEscaped:
      return State::kQuoted;
    case State::kBraces:
      if (c == '"') {
        after_quote_ = State::kBraces;
        return State::kQuoted;
      }
      return c == '}' ? State::kRest : State::kBraces;
    case State::kName:
      return c == '{' ? State::kBraces : State::kName;
    case State::kStart:
      if (IsBlank(c)) return State::kStart;
      if (c == '#') return State::kHash;
      if (c == '{') return State::kBraces;
      return IsNameStart(c) ? State::kName : State::kRest;
    case State::kHash:
      if (IsBlank(c)) {
        hash_has_blank_ = true;
        return State::kHash;
      }
      keyword_ = c == kHelpWord[0] ? kHelpWord : kTypeWord;
      keyword_size_ = 1;
      return hash_has_blank_ && c == keyword_[0] ? State::kKeyword : State::kRest;
    case State::kKeyword:
      if (keyword_size_ == keyword_.size()) {
        return IsBlank(c) ? State::kAfterWord : State::kRest;
      }
      return c == keyword_[keyword_size_++] ? State::kKeyword : State::kRest;
    case State::kAfterWord:
      if (IsBlank(c)) return State::kAfterWord;
      after_quote_ = State::kRest;
      return c == '"' ? State::kQuoted : State::kRest;
    case State::kRest:
      return State::kRest;
  }
  return State::kRest;
}

}  // namespace sluice::scrape
