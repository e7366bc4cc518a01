#include "agent/flags/flag_reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

namespace sluice::agent {
namespace {

using Kind = FlagSpec::Kind;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// Empty when nothing is near.
std::string_view Nearest(const FlagSpecs& specs, std::string_view name) {
  std::string_view nearest;
  // What differs in more than every third character is something else.
  size_t least = name.size() / 3 + 1;
  for (const FlagSpec* spec : specs) {
    const size_t distance = EditDistance(Lower(name), Lower(spec->name));
    if (distance > least || (distance == least && !nearest.empty())) continue;
    least = distance;
    nearest = spec->name;
  }
  return nearest;
}

class Reader {
 public:
  Reader(const FlagSpecs& specs, std::span<const std::string> arguments)
      : specs_(specs), rest_(arguments) {
    for (const FlagSpec* spec : specs) by_name_.emplace(spec->name, spec);
  }

  Result<FlagValues> Run() {
    while (!rest_.empty()) {
      const std::string_view argument = rest_.front();
      rest_ = rest_.subspan(1);
      if (Status read = ReadOne(argument); !read.ok()) return read.error();
    }
    return std::move(values_);
  }

 private:
  Status ReadOne(std::string_view argument) {
    std::string_view name = argument;
    if (!name.starts_with('-') || name.size() < 2) {
      return InvalidInput("unexpected " + std::string(argument));
    }
    name.remove_prefix(name.starts_with("--") ? 2 : 1);
    const size_t equals = name.find('=');
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = name.substr(equals + 1);
    name = name.substr(0, equals);
    bool is_negated = false;
    const FlagSpec* spec = Find(name);
    if (spec == nullptr && name.starts_with("no-")) {
      spec = Find(name.substr(3));
      if (spec != nullptr && spec->kind != Kind::kSwitch) spec = nullptr;
      is_negated = spec != nullptr;
    }
    if (spec == nullptr) return Unknown(name);
    if (spec->kind == Kind::kSwitch) return Switch(*spec, value, is_negated);
    if (spec->kind == Kind::kSwitches && !value) value = "true";
    return Take(*spec, value);
  }

  const FlagSpec* Find(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  Status Unknown(std::string_view name) const {
    std::string message = "unknown flag --" + std::string(name);
    const std::string_view nearest = Nearest(specs_, name);
    if (!nearest.empty()) message.append("; did you mean --").append(nearest).append("?");
    return InvalidInput(message);
  }

  Status Switch(const FlagSpec& spec, std::optional<std::string_view> value, bool is_negated) {
    const std::optional<bool> on = value ? ReadSwitch(*value) : true;
    if (!on || (value && is_negated)) {
      return InvalidInput("--" + std::string(spec.name) + " is on or off, not \"" +
                          std::string(*value) + "\"");
    }
    values_[std::string(spec.name)] = {*on != is_negated ? "true" : "false"};
    return Status::Ok();
  }

  Status Take(const FlagSpec& spec, std::optional<std::string_view> value) {
    if (!value) {
      if (rest_.empty()) return InvalidInput("--" + std::string(spec.name) + " needs a value");
      value = rest_.front();
      rest_ = rest_.subspan(1);
    }
    std::vector<std::string>& values = values_[std::string(spec.name)];
    if (spec.kind == Kind::kValue) values.clear();
    values.emplace_back(*value);
    return Status::Ok();
  }

  const FlagSpecs& specs_;
  std::span<const std::string> rest_;
  std::unordered_map<std::string_view, const FlagSpec*> by_name_;
  FlagValues values_;
};

}  // namespace

Result<FlagValues> ReadFlags(const FlagSpecs& specs, std::span<const std::string> arguments) {
  return Reader(specs, arguments).Run();
}

std::optional<bool> ReadSwitch(std::string_view text) {
  constexpr std::array<std::string_view, 6> kOn = {"1", "t", "T", "TRUE", "true", "True"};
  constexpr std::array<std::string_view, 6> kOff = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(kOn.begin(), kOn.end(), text) != kOn.end()) return true;
  if (std::find(kOff.begin(), kOff.end(), text) != kOff.end()) return false;
  return std::nullopt;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  // Rows of the usual table: of the character before the last one, of the last one, of this one.
  std::vector<size_t> older(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::swap(older, last);
    std::swap(last, row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], older[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

std::string DescribeFlags(const FlagSpecs& specs) {
  std::string text;
  for (const FlagSpec* spec : specs) {
    if (spec->help.empty()) continue;
    std::string usage = "--" + std::string(spec->name);
    if (spec->kind != Kind::kSwitch) usage.append("=").append(spec->fallback);
    if (spec->kind == Kind::kValues) usage.append(" ...");
    text.append("  ").append(usage).append("\n        ").append(spec->help).append("\n");
  }
  return text;
}

}  // namespace sluice::agent
