// Texts that must not be seen.
#pragma once

#include <iosfwd>
#include <string>
#include <utility>

namespace sluice {

// A text that is never printed: whoever needs it says so.
class Secret {
 public:
  Secret() = default;

  explicit Secret(std::string text) : text_(std::move(text)) {}

  const std::string& Reveal() const { return text_; }

  bool empty() const { return text_.empty(); }

  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  std::string text_;
};

// `<secret>`, or nothing when it is empty.
std::ostream& operator<<(std::ostream& out, const Secret& secret);

}  // namespace sluice
