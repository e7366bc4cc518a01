// Parts of URLs, escaped as Go's net/url does.
#pragma once

#include <string>
#include <string_view>

namespace sluice::scrape {

// "a b/c" -> "a%20b%2Fc".
std::string EscapedPathSegment(std::string_view text);

// The part after the question mark.
class UrlQuery {
 public:
  void Add(std::string_view name, std::string_view value);

  // "?a=b&c=d", in the order of adding; nothing when nothing was added.
  const std::string& Text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace sluice::scrape
