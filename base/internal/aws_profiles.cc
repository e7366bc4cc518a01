#include "base/internal/aws_profiles.h"

#include <algorithm>
#include <optional>

#include "base/internal/http_text.h"

namespace sluice::internal {
namespace {

constexpr std::string_view kProfile = "profile";

std::string_view WithoutQuotes(std::string_view text) {
  const bool is_quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

// The profile that a section of the config file is about.
std::optional<std::string> NameInConfig(std::string_view section) {
  if (section == "default") return "default";
  if (!section.starts_with(kProfile)) return std::nullopt;
  const std::string_view rest = section.substr(kProfile.size());
  if (rest.empty() || (rest.front() != ' ' && rest.front() != '\t')) return std::nullopt;
  return std::string(WithoutQuotes(TrimBlank(rest)));
}

// "value # comment": a mark with a blank before it.
std::string_view WithoutComment(std::string_view value) {
  for (const std::string_view mark : {" #", " ;", "\t#", "\t;"}) {
    value = value.substr(0, value.find(mark));
  }
  return TrimBlank(value);
}

class Reader {
 public:
  Reader(bool is_config, AwsProfiles& profiles) : is_config_(is_config), profiles_(profiles) {}

  void Read(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      ReadLine(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

 private:
  void ReadLine(std::string_view line) {
    const bool is_nested = line.starts_with(' ') || line.starts_with('\t');
    const std::string_view trimmed = TrimBlank(line);
    if (trimmed.empty() || trimmed.front() == '#' || trimmed.front() == ';') return;
    if (trimmed.front() == '[') return BeginSection(trimmed);
    if (is_nested || !profile_.has_value()) return;
    const size_t equals = trimmed.find('=');
    if (equals == std::string_view::npos) return;
    std::string name = LowerAscii(TrimBlank(trimmed.substr(0, equals)));
    profiles_[*profile_][std::move(name)] = WithoutComment(trimmed.substr(equals + 1));
  }

  void BeginSection(std::string_view line) {
    profile_.reset();
    const size_t end = line.find(']');
    if (end == std::string_view::npos) return;
    const std::string_view section = TrimBlank(line.substr(1, end - 1));
    profile_ = is_config_ ? NameInConfig(section) : std::optional<std::string>(section);
    if (profile_.has_value()) profiles_.try_emplace(*profile_);
  }

  const bool is_config_;
  AwsProfiles& profiles_;
  std::optional<std::string> profile_;
};

}  // namespace

AwsProfiles ReadAwsProfiles(std::string_view config_text, std::string_view credentials_text) {
  AwsProfiles profiles;
  Reader(/*is_config=*/true, profiles).Read(config_text);
  Reader(/*is_config=*/false, profiles).Read(credentials_text);
  return profiles;
}

}  // namespace sluice::internal
