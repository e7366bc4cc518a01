// HTML being written. What is no literal of this program is escaped, whoever it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::agent {

// `text` with what means something in HTML, in text as in quoted attributes, written as references,
// and U+FFFD for each byte that is no UTF-8 or that HTML has no place for.
std::string EscapeHtml(std::string_view text);

// A value of the query of a URL.
std::string EscapeQuery(std::string_view text);

// Thread-compatible.
class Html {
 public:
  // Markup; a literal, as the type sees to.
  template <size_t kSize>
  Html& Raw(const char (&markup)[kSize]) {
    out_.append(markup, kSize - 1);
    return *this;
  }

  // Escaped: between tags, and in attributes in double quotes.
  Html& Text(std::string_view text) {
    out_ += EscapeHtml(text);
    return *this;
  }

  Html& Number(uint64_t number) { return Text(std::to_string(number)); }

  // As a value in the query of a link.
  Html& Query(std::string_view text) {
    out_ += EscapeQuery(text);
    return *this;
  }

  Html& Add(const Html& other) {
    out_ += other.out_;
    return *this;
  }

  const std::string& text() const { return out_; }

  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

}  // namespace sluice::agent
