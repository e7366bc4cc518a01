#include "relabel/internal/matcher.h"

#include <utility>

#include <re2/re2.h>

#include "base/utf8.h"

namespace sluice::relabel {
namespace {

// Sets are worth a hash only when they are not tiny.
constexpr size_t kScanLiteralsUpTo = 4;

bool RunRegex(const RE2& regex, std::string_view text, MatchGroups* groups) {
  const re2::StringPiece piece(text.data(), text.size());
  if (groups == nullptr) {
    return regex.Match(piece, 0, text.size(), RE2::UNANCHORED, nullptr, 0);
  }
  std::vector<re2::StringPiece> found(groups->size());
  if (!regex.Match(piece, 0, text.size(), RE2::UNANCHORED, found.data(),
                   static_cast<int>(found.size()))) {
    return false;
  }
  for (size_t i = 0; i < found.size(); ++i) {
    (*groups)[i] = std::string_view(found[i].data(), found[i].size());
  }
  return true;
}

}  // namespace

Matcher::Matcher() = default;
Matcher::Matcher(Matcher&&) noexcept = default;
Matcher& Matcher::operator=(Matcher&&) noexcept = default;
Matcher::~Matcher() = default;

Result<Matcher> Matcher::Compile(std::string_view pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  const std::string anchored = "^(?s:" + RewriteNamedGroups(pattern) + ")$";
  auto regex = std::make_unique<RE2>(anchored, options);
  if (!regex->ok()) return InvalidInput("error parsing regexp: " + regex->error());
  Matcher matcher;
  matcher.group_count_ = static_cast<size_t>(regex->NumberOfCapturingGroups()) + 1;
  matcher.group_names_ = regex->NamedCapturingGroups();
  std::optional<SimplePattern> simple = AnalyzePattern(pattern);
  if (!simple.has_value()) {
    matcher.regex_ = std::move(regex);
    return matcher;
  }
  matcher.simple_ = std::move(*simple);
  if (matcher.simple_.literals.size() > kScanLiteralsUpTo) {
    matcher.literals_.insert(matcher.simple_.literals.begin(), matcher.simple_.literals.end());
    matcher.simple_.literals.clear();
  }
  return matcher;
}

int Matcher::GroupNumber(const std::string& name) const {
  const auto found = group_names_.find(name);
  return found == group_names_.end() ? -1 : found->second;
}

bool Matcher::Matches(std::string_view text) const {
  return regex_ == nullptr ? MatchesSimple(text) : MatchRegex(text, nullptr);
}

bool Matcher::Match(std::string_view text, MatchGroups& groups) const {
  groups.assign(group_count_, std::string_view());
  if (regex_ != nullptr) return MatchRegex(text, &groups);
  if (!MatchesSimple(text)) return false;
  size_t next = 0;
  groups[next++] = text;
  if (simple_.captures_whole) groups[next++] = text;
  if (simple_.captures_middle) {
    const size_t around = simple_.prefix.size() + simple_.suffix.size();
    groups[next++] = text.substr(simple_.prefix.size(), text.size() - around);
  }
  return true;
}

bool Matcher::MatchesSimple(std::string_view text) const {
  if (simple_.is_wildcard) {
    const size_t least = simple_.prefix.size() + simple_.min_middle + simple_.suffix.size();
    return text.size() >= least && text.substr(0, simple_.prefix.size()) == simple_.prefix &&
           text.substr(text.size() - simple_.suffix.size()) == simple_.suffix;
  }
  for (const std::string& literal : simple_.literals) {
    if (text == literal) return true;
  }
  return !literals_.empty() && literals_.find(text) != literals_.end();
}

bool Matcher::MatchRegex(std::string_view text, MatchGroups* groups) const {
  if (RunRegex(*regex_, text, groups)) return true;
  // RE2 lets no `.` match an invalid byte, Go takes each for one U+FFFD.
  return !IsValidUtf8(text) && MatchInvalidUtf8(text, groups);
}

bool Matcher::MatchInvalidUtf8(std::string_view text, MatchGroups* groups) const {
  std::string mended;
  std::vector<size_t> origin;  // of each byte of `mended`, its offset in `text`
  for (size_t at = 0; at < text.size();) {
    const Rune rune = DecodeRune(text.substr(at));
    AppendRune(rune.code, mended);
    origin.resize(mended.size(), at);
    at += rune.size;
  }
  origin.push_back(text.size());
  if (!RunRegex(*regex_, mended, groups)) return false;
  if (groups == nullptr) return true;
  for (std::string_view& group : *groups) {
    if (group.data() == nullptr) continue;
    const size_t begin = static_cast<size_t>(group.data() - mended.data());
    const size_t from = origin[begin];
    group = text.substr(from, origin[begin + group.size()] - from);
  }
  return true;
}

}  // namespace sluice::relabel
