#include "tests/relabel/naive_relabel.h"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <string>

namespace sluice::relabel::test {
namespace {

// As Prometheus keeps a label set under change: what it began with, what was added, what went.
class NaiveSet {
 public:
  explicit NaiveSet(const Labels& base) : base_(base.begin(), base.end()) {}

  std::string Get(const std::string& name) const {
    for (const Label& label : added_) {
      if (label.name == name) return label.value;
    }
    for (const Label& label : base_) {
      if (label.name == name && deleted_.count(name) == 0) return label.value;
    }
    return "";
  }

  void Set(const std::string& name, const std::string& value) {
    if (value.empty()) {
      Delete(name);
      return;
    }
    for (Label& label : added_) {
      if (label.name == name) {
        label.value = value;
        return;
      }
    }
    added_.push_back({name, value});
  }

  void Delete(const std::string& name) {
    added_.erase(std::remove_if(added_.begin(), added_.end(),
                                [&](const Label& label) { return label.name == name; }),
                 added_.end());
    deleted_.insert(name);
  }

  std::vector<Label> All() const {
    std::vector<Label> all;
    for (const Label& label : base_) {
      const bool replaced = std::any_of(added_.begin(), added_.end(), [&](const Label& added) {
        return added.name == label.name;
      });
      if (!replaced && deleted_.count(label.name) == 0) all.push_back(label);
    }
    all.insert(all.end(), added_.begin(), added_.end());
    return all;
  }

 private:
  std::vector<Label> base_;
  std::vector<Label> added_;
  std::set<std::string> deleted_;
};

// `.` matches newlines, which ECMAScript spells otherwise.
std::regex Compile(const Rule& rule) {
  std::string pattern;
  const std::string source = rule.regex.value_or("(.*)");
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\\') {
      pattern += source.substr(i, 2);
      ++i;
    } else if (source[i] == '.') {
      pattern += "[\\s\\S]";
    } else {
      pattern += source[i];
    }
  }
  return std::regex(pattern, std::regex::ECMAScript);
}

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::string Expand(const std::string& text, const std::smatch& match) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const bool braced = i + 1 < text.size() && text[i + 1] == '{';
    const size_t begin = i + (braced ? 2 : 1);
    size_t end = begin;
    while (end < text.size() && IsWord(text[end])) ++end;
    const std::string name = text.substr(begin, end - begin);
    if (name.empty() || (braced && (end >= text.size() || text[end] != '}'))) {
      out += '$';
      continue;
    }
    const bool number =
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number && name.size() == 1 && size_t(name[0] - '0') < match.size()) {
      out += match.str(size_t(name[0] - '0'));
    }
    i = braced ? end : end - 1;
  }
  return out;
}

std::string Joined(const Rule& rule, const NaiveSet& set) {
  std::string joined;
  for (const std::string& name : rule.source_labels) {
    if (&name != &rule.source_labels.front()) joined += rule.separator;
    joined += set.Get(name);
  }
  return joined;
}

void Replace(const Rule& rule, const std::string& value, NaiveSet& set) {
  const bool references = (rule.target_label + rule.replacement).find('$') != std::string::npos;
  if (value.empty() && !rule.regex.has_value() && !references) {
    set.Set(rule.target_label, rule.replacement);
    return;
  }
  std::smatch match;
  if (!std::regex_match(value, match, Compile(rule))) return;
  const std::string target = Expand(rule.target_label, match);
  if (!target.empty()) set.Set(target, Expand(rule.replacement, match));
}

void MapNames(const Rule& rule, NaiveSet& set) {
  for (const Label& label : set.All()) {
    std::smatch match;
    if (!std::regex_match(label.name, match, Compile(rule))) continue;
    set.Set(Expand(rule.replacement, match), label.value);
  }
}

void FilterNames(const Rule& rule, NaiveSet& set) {
  for (const Label& label : set.All()) {
    const bool matches = std::regex_match(label.name, Compile(rule));
    if (matches == (rule.action == Action::kLabelDrop)) set.Delete(label.name);
  }
}

std::string ChangeCase(const std::string& value, int (*change)(int)) {
  std::string out;
  for (const char c : value) out += static_cast<char>(change(static_cast<unsigned char>(c)));
  return out;
}

// False when the labels are dropped.
bool Apply(const Rule& rule, NaiveSet& set) {
  const std::string value = Joined(rule, set);
  switch (rule.action) {
    case Action::kReplace:
      Replace(rule, value, set);
      return true;
    case Action::kKeep:
      return std::regex_match(value, Compile(rule));
    case Action::kDrop:
      return !std::regex_match(value, Compile(rule));
    case Action::kKeepEqual:
      return value == set.Get(rule.target_label);
    case Action::kDropEqual:
      return value != set.Get(rule.target_label);
    case Action::kLabelMap:
      MapNames(rule, set);
      return true;
    case Action::kLabelDrop:
    case Action::kLabelKeep:
      FilterNames(rule, set);
      return true;
    case Action::kLowercase:
      set.Set(rule.target_label, ChangeCase(value, std::tolower));
      return true;
    case Action::kUppercase:
      set.Set(rule.target_label, ChangeCase(value, std::toupper));
      return true;
    case Action::kHashMod:
      break;  // tested with known values instead
  }
  return true;
}

}  // namespace

std::optional<Labels> NaiveRelabel(const std::vector<Rule>& rules, const Labels& labels) {
  NaiveSet set(labels);
  for (const Rule& rule : rules) {
    if (!Apply(rule, set)) return std::nullopt;
  }
  return Labels::From(set.All());
}

}  // namespace sluice::relabel::test
