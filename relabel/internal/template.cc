#include "relabel/internal/template.h"

#include <cstdint>
#include <optional>

#include <re2/re2.h>

namespace sluice::relabel {
namespace {

struct Reference {
  std::string_view name;
  size_t size = 0;  // of the whole reference, without its dollar
};

// The reference that follows a dollar, if one does.
std::optional<Reference> ReadReference(std::string_view text, const RE2& name_pattern) {
  const bool braced = text.substr(0, 1) == "{";
  const std::string_view inside = text.substr(braced ? 1 : 0);
  re2::StringPiece found;
  const re2::StringPiece piece(inside.data(), inside.size());
  if (!name_pattern.Match(piece, 0, piece.size(), RE2::ANCHOR_START, &found, 1)) {
    return std::nullopt;
  }
  const std::string_view name = inside.substr(0, found.size());
  if (!braced) return Reference{.name = name, .size = name.size()};
  if (inside.substr(name.size(), 1) != "}") return std::nullopt;
  return Reference{.name = name, .size = name.size() + 2};
}

// Decimal without leading zeros; anything else is a name.
std::optional<size_t> ReadNumber(std::string_view name) {
  constexpr size_t kLimit = 100'000'000;
  if (name.size() > 1 && name[0] == '0') return std::nullopt;
  size_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9' || number >= kLimit) return std::nullopt;
    number = number * 10 + static_cast<size_t>(c - '0');
  }
  return number;
}

}  // namespace

Template::Template(std::string_view text, const Matcher& matcher) : text_(text) {
  if (text.find('$') == std::string_view::npos) return;
  is_plain_ = false;
  const RE2 name_pattern("[\\pL\\p{Nd}_]+");
  std::string_view rest = text;
  while (true) {
    const size_t dollar = rest.find('$');
    AddLiteral(rest.substr(0, dollar));
    if (dollar == std::string_view::npos) return;
    rest.remove_prefix(dollar + 1);
    if (rest.substr(0, 1) == "$") {
      AddLiteral("$");
      rest.remove_prefix(1);
    } else if (const auto reference = ReadReference(rest, name_pattern); reference.has_value()) {
      AddGroup(reference->name, matcher);
      rest.remove_prefix(reference->size);
    } else {
      AddLiteral("$");
    }
  }
}

void Template::AddLiteral(std::string_view literal) {
  if (literal.empty()) return;
  if (pieces_.empty() || pieces_.back().is_group) pieces_.emplace_back();
  pieces_.back().literal += literal;
}

void Template::AddGroup(std::string_view name, const Matcher& matcher) {
  size_t group = 0;
  if (const auto number = ReadNumber(name); number.has_value()) {
    group = *number;
  } else {
    const int named = matcher.GroupNumber(std::string(name));
    if (named < 0) return;
    group = static_cast<size_t>(named);
  }
  if (group >= matcher.group_count()) return;
  pieces_.push_back(Piece{.literal = {}, .group = group, .is_group = true});
}

void Template::Append(const MatchGroups& groups, std::string& out) const {
  if (is_plain_) {
    out += text_;
    return;
  }
  for (const Piece& piece : pieces_) {
    out += piece.is_group ? groups[piece.group] : std::string_view(piece.literal);
  }
}

}  // namespace sluice::relabel
