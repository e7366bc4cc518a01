#include "scrape/discovery/dns/resolver_config.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>

#include "base/file.h"

namespace sluice::scrape {
namespace {

constexpr size_t kFileBytesMax = 1 << 20;
constexpr size_t kNdotsMax = 15;
// Of all, so that a broken file does not make a name cost thousands of questions.
constexpr size_t kSearchMax = 32;

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  constexpr std::string_view kSpace = " \t\r";
  while (true) {
    const size_t from = line.find_first_not_of(kSpace);
    if (from == std::string_view::npos) return words;
    line.remove_prefix(from);
    if (line.front() == '#' || line.front() == ';') return words;
    const size_t end = std::min(line.find_first_of(kSpace), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

bool IsAddress(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
         inet_pton(AF_INET6, text.c_str(), address.data()) == 1;
}

void ReadOptions(const std::vector<std::string>& words, ResolverConfig& config) {
  constexpr std::string_view kNdots = "ndots:";
  for (const std::string& word : words) {
    if (!word.starts_with(kNdots)) continue;
    size_t ndots = 0;
    const char* from = word.data() + kNdots.size();
    const char* end = word.data() + word.size();
    if (std::from_chars(from, end, ndots).ec == std::errc()) {
      config.ndots = std::min(ndots, kNdotsMax);
    }
  }
}

void ReadLine(const std::vector<std::string>& words, ResolverConfig& config) {
  if (words.empty()) return;
  if (words[0] == "options") return ReadOptions(words, config);
  if (words.size() < 2) return;
  if (words[0] == "nameserver" && IsAddress(words[1])) config.servers.push_back(words[1]);
  if (words[0] == "domain") config.search = {words[1]};
  if (words[0] == "search") {
    const size_t count = std::min(words.size() - 1, kSearchMax);
    config.search.assign(words.begin() + 1, words.begin() + 1 + static_cast<std::ptrdiff_t>(count));
  }
}

std::string Absolute(std::string name) {
  if (!name.ends_with('.')) name += '.';
  return name;
}

}  // namespace

ResolverConfig ParseResolverConfig(std::string_view text) {
  ResolverConfig config;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    ReadLine(Words(text.substr(0, end)), config);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return config;
}

Result<ResolverConfig> ReadResolverConfig(const std::string& path) {
  const Result<std::string> text = ReadFile(path, kFileBytesMax);
  if (!text.ok()) return text.error();
  ResolverConfig config = ParseResolverConfig(*text);
  if (config.servers.empty()) return InvalidInput(path + ": no name server");
  return config;
}

std::vector<std::string> CandidateNames(const std::string& name, const ResolverConfig& config) {
  if (name.ends_with('.')) return {name};
  std::vector<std::string> names;
  const auto dots = static_cast<size_t>(std::count(name.begin(), name.end(), '.'));
  const bool as_it_is_first = dots >= config.ndots;
  if (as_it_is_first) names.push_back(Absolute(name));
  for (const std::string& domain : config.search) {
    // The root as a domain stands for the name as it is.
    names.push_back(Absolute(domain == "." ? name : name + "." + domain));
  }
  if (!as_it_is_first) names.push_back(Absolute(name));
  return names;
}

}  // namespace sluice::scrape
