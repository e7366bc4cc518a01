// Where an entry of the text format ends: a line, but for newlines inside quotes.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice::scrape {

// Finds the newline that ends an entry in bytes that arrive in pieces. Thread-compatible.
class EntryScanner {
 public:
  // Forgets what was scanned: the next byte starts an entry.
  void Reset() { *this = EntryScanner(); }

  // Continues with `bytes`; the offset of the newline that ends the entry, or npos. What it finds
  // in an ill-formed entry is some newline after the point where TextParser gives up.
  size_t FindEnd(std::string_view bytes);

 private:
  enum class State : unsigned char {
    kStart,      // blanks before the first token
    kHash,       // after '#'
    kKeyword,    // inside HELP or TYPE
    kAfterWord,  // blanks between the keyword and the name
    kName,       // of a sample, before the braces
    kBraces,
    kQuoted,
    kEscaped,
    kRest,  // the newline ends the entry, whatever comes before it
  };

  size_t SkipPlain(std::string_view bytes, size_t i) const;
  State Next(char c);

  State state_ = State::kStart;
  State after_quote_ = State::kRest;
  bool hash_has_blank_ = false;
  std::string_view keyword_;
  size_t keyword_size_ = 0;  // of it seen
};

}  // namespace sluice::scrape
