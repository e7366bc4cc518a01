#include "relabel/labels.h"

#include <algorithm>

#include "base/hash.h"
#include "base/utf8.h"

namespace sluice::relabel {
namespace {

// Of so few labels each is tried.
constexpr size_t kLabelsTriedMax = 16;

auto Position(const std::vector<Label>& labels, std::string_view name) {
  const auto before = [](const Label& label, std::string_view wanted) {
    return std::string_view(label.name) < wanted;
  };
  return std::lower_bound(labels.begin(), labels.end(), name, before);
}

const Label* LabelOf(const std::vector<Label>& labels, std::string_view name) {
  // Most names differ in their size already.
  if (labels.size() <= kLabelsTriedMax) {
    for (const Label& label : labels) {
      if (label.name == name) return &label;
    }
    return nullptr;
  }
  const auto found = Position(labels, name);
  return found == labels.end() || found->name != name ? nullptr : &*found;
}

std::string_view ValueOf(const std::vector<Label>& labels, std::string_view name) {
  const Label* const label = LabelOf(labels, name);
  return label == nullptr ? std::string_view() : label->value;
}

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Labels::Labels(std::initializer_list<Label> labels) : Labels(From(labels)) {}

Labels Labels::From(std::vector<Label> labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const Label& a, const Label& b) { return a.name < b.name; });
  Labels result;
  result.labels_.reserve(labels.size());
  for (size_t i = 0; i < labels.size(); ++i) {
    const bool last_of_its_name = i + 1 == labels.size() || labels[i + 1].name != labels[i].name;
    if (last_of_its_name && !labels[i].value.empty()) {
      result.labels_.push_back(std::move(labels[i]));
    }
  }
  return result;
}

std::string_view Labels::Get(std::string_view name) const { return ValueOf(labels_, name); }

bool Labels::Has(std::string_view name) const {
  const auto found = Position(labels_, name);
  return found != labels_.end() && found->name == name;
}

std::string Labels::ToString() const {
  std::string text = "{";
  for (const Label& label : labels_) {
    if (text.size() > 1) text += ", ";
    text += IsLegacyLabelName(label.name) ? label.name : QuoteText(label.name);
    text += '=';
    text += QuoteText(label.value);
  }
  text += '}';
  return text;
}

uint64_t Labels::Hash() const {
  constexpr char kSeparator = '\xff';
  std::string bytes;
  for (const Label& label : labels_) {
    bytes += label.name;
    bytes += kSeparator;
    bytes += label.value;
    bytes += kSeparator;
  }
  return XxHash64(bytes);
}

void LabelsBuilder::Reset(const Labels& base) {
  labels_ = base.labels_;
  ranks_.assign(labels_.size(), 0);
  next_rank_ = 1;
}

void LabelsBuilder::Clear() {
  labels_.clear();
  ranks_.clear();
  next_rank_ = 1;
}

std::string_view LabelsBuilder::Get(std::string_view name) const { return ValueOf(labels_, name); }

std::span<const Label> LabelsBuilder::Find(std::string_view name) const {
  const Label* const label = LabelOf(labels_, name);
  return {label, label == nullptr ? size_t{0} : size_t{1}};
}

void LabelsBuilder::Set(std::string_view name, std::string_view value) {
  if (value.empty()) {
    Delete(name);
    return;
  }
  const auto position = Position(labels_, name) - labels_.cbegin();
  const auto label = labels_.begin() + position;
  if (label != labels_.end() && label->name == name) {
    label->value.assign(value);
    uint32_t& rank = *(ranks_.begin() + position);
    if (rank == 0) rank = next_rank_++;
    return;
  }
  // Copied first: both views may point into labels_.
  Label added{std::string(name), std::string(value)};
  labels_.insert(label, std::move(added));
  ranks_.insert(ranks_.begin() + position, next_rank_++);
}

void LabelsBuilder::Delete(std::string_view name) {
  const auto position = Position(labels_, name) - labels_.cbegin();
  const auto label = labels_.begin() + position;
  if (label == labels_.end() || label->name != name) return;
  labels_.erase(label);
  ranks_.erase(ranks_.begin() + position);
}

void LabelsBuilder::CopyInSettingOrder(std::vector<Label>& out) const {
  out.clear();
  std::vector<std::pair<uint32_t, size_t>> order;
  order.reserve(labels_.size());
  for (size_t i = 0; i < labels_.size(); ++i) order.emplace_back(ranks_[i], i);
  std::sort(order.begin(), order.end());
  out.reserve(labels_.size());
  for (const auto& entry : order) out.push_back(labels_[entry.second]);
}

Labels LabelsBuilder::Build() const {
  Labels labels;
  labels.labels_ = labels_;
  return labels;
}

bool IsLegacyLabelName(std::string_view name) {
  const auto allowed = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; };
  return !name.empty() && !IsDigit(name.front()) && std::all_of(name.begin(), name.end(), allowed);
}

bool IsLegacyMetricName(std::string_view name) {
  const auto allowed = [](char c) { return IsLetter(c) || IsDigit(c) || c == '_' || c == ':'; };
  return !name.empty() && !IsDigit(name.front()) && std::all_of(name.begin(), name.end(), allowed);
}

bool IsUtf8LabelName(std::string_view name) { return !name.empty() && IsValidUtf8(name); }

bool IsValidUtf8(std::string_view text) { return sluice::IsValidUtf8(text); }

}  // namespace sluice::relabel
