#include "agent/config/expand.h"

namespace sluice::agent {
namespace {

// Names of one character that the syntax knows beside words.
bool IsSpecial(char c) {
  return std::string_view("*#$@!?-0123456789").find(c) != std::string::npos;
}

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Reference {
  std::string_view name;
  size_t size = 0;  // without the dollar; > 0 with an empty name: bad syntax, which is left out
};

Reference ReadReference(std::string_view text) {
  if (text[0] == '{') {
    if (text.size() > 2 && IsSpecial(text[1]) && text[2] == '}') {
      return Reference{.name = text.substr(1, 1), .size = 3};
    }
    const size_t close = text.find('}');
    if (close == std::string_view::npos) return Reference{.name = {}, .size = 1};
    return Reference{.name = text.substr(1, close - 1), .size = close + 1};
  }
  if (IsSpecial(text[0])) return Reference{.name = text.substr(0, 1), .size = 1};
  size_t size = 0;
  while (size < text.size() && IsWord(text[size])) ++size;
  return Reference{.name = text.substr(0, size), .size = size};
}

}  // namespace

std::string ExpandVariables(std::string_view text, const Environment& environment,
                            std::vector<std::string>& missing) {
  std::string out;
  while (true) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) return out;
    text.remove_prefix(dollar + 1);
    const Reference reference = text.empty() ? Reference{} : ReadReference(text);
    text.remove_prefix(reference.size);
    if (reference.size == 0 || reference.name == "$") {
      out += '$';
    } else if (!reference.name.empty()) {
      const std::string value = environment(reference.name).value_or("");
      if (value.empty()) missing.emplace_back(reference.name);
      out += value;
    }
  }
}

}  // namespace sluice::agent
